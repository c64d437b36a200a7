"""The server as a process of its own: prints its URL, and ends when its standard input does."""

import argparse
import json
import sys

from model_server import ModelServer


def main() -> None:
    """Serve until standard input ends, then print how many questions came, were answered and overlapped."""
    parser = argparse.ArgumentParser(prog="python -m model_server")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until an answer")
    parser.add_argument("--requests-per-minute", type=int, help="more within any 60 s are answered with 429")
    arguments = parser.parse_args()
    limit = arguments.requests_per_minute
    with ModelServer(latency_s=arguments.latency, requests_per_minute=limit) as server:
        print(server.url, flush=True)
        sys.stdin.read()
        counts = {
            "requests": len(server.requests),
            "answered": len(server.answered),
            "most_under_way": server.most_under_way,
        }
        print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
