"""MLflow's own tracking server over a SQLite file: `python tests/cluster/mlflow_server.py FILE` prints its address."""

from __future__ import annotations

import os
import sys

from werkzeug.serving import make_server

if __name__ == "__main__":
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{sys.argv[1]}"  # before MLflow is imported
    from mlflow.server import app

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
