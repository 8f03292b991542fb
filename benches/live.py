"""How long the local server takes to answer a page's questions about an assessment.

    python benches/live.py target/release/equipoise ASSESSMENT "score < 0.4" "score > 0.2"

The predicates should be ones that nobody asked for yet: the server keeps the last selections. Prints seconds of wall
time as a client sees them, the first count with the opening of data and model in it.
"""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ANALYSES = ["performance", "errors", "fairness", "explorer"]


def main() -> None:
    program, assessment, *predicates = sys.argv[1:]
    server = subprocess.Popen(
        [program, "open", assessment, "--no-browser", "--quiet"], stdout=subprocess.PIPE, text=True
    )
    try:
        address = urllib.parse.urlsplit(server.stdout.readline().strip())
        token = urllib.parse.parse_qs(address.query)["token"][0]

        def ask(path: str, body: dict | None = None) -> bytes:
            request = urllib.request.Request(
                f"http://{address.netloc}{path}",
                data=None if body is None else json.dumps(body).encode(),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:
                return answer.read()

        def timed(says: str, path: str, body: dict | None = None) -> None:
            begin = time.perf_counter()
            try:
                ask(path, body)
            except urllib.error.HTTPError as refused:
                says += f" (refused: {json.load(refused)['error']['message']})"
            print(f"{time.perf_counter() - begin:8.3f} s  {says}", flush=True)

        of = "/v1/assessments/0"
        timed("the page", "/")
        timed("the document", f"{of}/document")
        timed("the first count, with opening", f"{of}/count", {"predicate": None})
        timed("a page of rows", f"{of}/rows?limit=200&offset=1000")
        for predicate in predicates:
            timed(f"count: {predicate}", f"{of}/count", {"predicate": predicate})
            for analysis in ANALYSES:
                asked = {"analysis": analysis, "predicate": predicate}
                timed(f"{analysis}: {predicate}", f"{of}/sections?wait=60", asked)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
