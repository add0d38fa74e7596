"""Answers of the API in plain SQL on the operational database, the way a platform without a warehouse asks.

Written from the contract, for `schoolhouse compare`. Every query begins with the same common table
expressions, cut to the caller's scope, and returns one JSON document. Bound: as_of; everybody, school_id
(scope); zone_schools, zone_names (the zone of every school); since, first_date, last_date (window).
"""
