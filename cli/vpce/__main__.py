"""`python -m vpce`."""

from .app import main

if __name__ == "__main__":
    main()
