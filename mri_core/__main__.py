"""`python -m mri_core` is `mri`."""

from mri_core.cli import main

if __name__ == "__main__":
    main()
