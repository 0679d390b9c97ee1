# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-proof   the core under Frama-C's Eva; docs/proof.md
# check-model   the protocol of the ledger under Spin; docs/proof.md
#
# Paths are relative to the top directory; what they write lies in build/proof
# and build/model.

# gcc is Eva's preprocessor, and compiles the program that Spin writes
PROOF_PACKAGES = frama-c-base gcc perl spin

.PHONY: check-proof check-model
check-proof:
	proof/run

check-model:
	proof/model
