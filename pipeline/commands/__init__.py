"""One module per group of commands; each holds a typer `app`, and `pipeline.cli` finds it by itself."""
