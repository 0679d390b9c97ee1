# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-proof   the core under Frama-C's Eva; docs/proof.md
#
# Paths are relative to the top directory; what it writes lies in build/proof.

# gcc is its preprocessor
PROOF_PACKAGES = frama-c-base gcc perl

.PHONY: check-proof
check-proof:
	proof/run
