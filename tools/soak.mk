# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-soak   a minute of mixed traffic with graceful restarts (tools/soak)
# soak         the same for SOAK_SECONDS
# lingering    the cost of refused clients that send at line rate
#              (bench/lingering), LINGERING_SECONDS for each case

SOAK_SECONDS ?= 900
LINGERING_SECONDS ?= 30

.PHONY: check-soak soak lingering
check-soak: all
	tools/soak 60

soak: all
	tools/soak $(SOAK_SECONDS)

lingering: all
	bench/lingering $(LINGERING_SECONDS)
