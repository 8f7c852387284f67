"""Stands in for the training worker: `stub_training.py MODE RUN ATTEMPT`. Most modes do without the store."""

import os
import signal
import sys
import time
from pathlib import Path

mode, run_id, attempt = sys.argv[1:]
home = Path(os.environ["MRI_HOME"])
with (home / "started").open("a") as started:
    started.write(f"{run_id}\n")

if mode == "gate":
    while not (home / "gate").exists():
        time.sleep(0.05)
elif mode == "die":
    for line in range(40):
        print("line", line, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
elif mode == "fail":
    sys.exit("ValueError: the weights are gone")
elif mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (home / "deaf").touch()
    time.sleep(600)
elif mode in ("record", "wait", "lose", "freeze"):
    from mri_core.runs.liveness import process_of
    from mri_core.runs.run import Timing
    from mri_core.runs.store import RunStore
    from mri_core.settings import Settings

    store = RunStore(Settings(), int(attempt))
    store.start(run_id, process_of(), 33923)
    if attempt == "1" and mode in ("lose", "freeze"):
        os.kill(os.getpid(), signal.SIGKILL if mode == "lose" else signal.SIGSTOP)
    while mode == "wait" and not store.stop_requested(run_id):
        time.sleep(0.05)
    store.log_epoch(run_id, {"epoch": 1, "loss": 0.5, "val_loss": 0.6})
    store.finish(run_id, "stopped" if mode == "wait" else "finished", Timing(1.0, 2.0, 3.0), best_epoch=1)
