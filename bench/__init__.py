"""Our own load harness: real `confrere serve` processes, driven from outside. `python -m bench` runs it; README.md explains."""
