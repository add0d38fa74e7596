"""What we depend on: licences and known vulnerabilities of everything in the locks, offline."""
