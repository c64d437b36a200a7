"""What somebody tries who wants the instance to do what he may not."""

import json
from urllib.parse import urlencode

from served_instance import JSON, LAUNCH, SELECTOR

BODY = json.dumps({"query": LAUNCH}).encode()
IN_PATH = urlencode({"query": LAUNCH})
OWN = {"Origin": "OWN", "Sec-Fetch-Site": "same-origin"}
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": "graphql-ws",
}

# Name, status of the refusal, method, path, headers and whose login.
ATTACKS = [
    ("no login", 401, "POST", "/graphql", {**JSON, **OWN}, None),
    ("no login for a page", 401, "GET", "/", {}, None),
    ("no login for logs", 401, "GET", "/logs/x/compute_logs/y/err", {}, None),
    ("wrong password", 401, "POST", "/graphql", {**JSON, "Authorization": "Basic YWRtaW46YWRtaW4="}, None),
    ("viewer's login", 401, "POST", "/graphql", JSON, "viewer"),
    ("mutation by GET", 405, "GET", f"/graphql?{IN_PATH}", {}, "admin"),
    ("by GET from own page", 405, "GET", f"/graphql?{IN_PATH}", OWN, "admin"),
    ("by HEAD", 405, "HEAD", f"/graphql?{IN_PATH}", {}, "admin"),
    ("by PUT", 405, "PUT", "/graphql", JSON, "admin"),
    ("preflight", 405, "OPTIONS", "/graphql", FOREIGN, "admin"),
    ("foreign origin", 403, "POST", "/graphql", {**JSON, **FOREIGN}, "admin"),
    ("foreign origin alone", 403, "POST", "/graphql", {**JSON, "Origin": "https://evil.example"}, "admin"),
    (
        "own name within a foreign one",
        403,
        "POST",
        "/graphql",
        {**JSON, "Origin": "OWN.evil.example"},
        "admin",
    ),
    ("own name without TLS", 403, "POST", "/graphql", {**JSON, "Origin": "http://vdata.localhost"}, "admin"),
    ("the viewer's page", 403, "POST", "/graphql", {**JSON, "Origin": "VIEWER"}, "admin"),
    ("sandboxed page", 403, "POST", "/graphql", {**JSON, "Origin": "null"}, "admin"),
    ("cross-site alone", 403, "POST", "/graphql", {**JSON, "Sec-Fetch-Site": "cross-site"}, "admin"),
    ("same-site page", 403, "POST", "/graphql", {**JSON, "Sec-Fetch-Site": "same-site"}, "admin"),
    ("no content type", 415, "POST", f"/graphql?{IN_PATH}", OWN, "admin"),
    ("text", 415, "POST", "/graphql", {**OWN, "Content-Type": "text/plain"}, "admin"),
    (
        "text that names JSON",
        415,
        "POST",
        "/graphql",
        {"Content-Type": "text/plain; application/json"},
        "admin",
    ),
    ("form", 415, "POST", "/graphql", {"Content-Type": "application/x-www-form-urlencoded"}, "admin"),
    ("multipart", 415, "POST", "/graphql", {"Content-Type": "multipart/form-data; boundary=x"}, "admin"),
    ("bare GraphQL", 415, "POST", "/graphql", {"Content-Type": "application/graphql"}, "admin"),
    ("JSON by another name", 415, "POST", "/graphql", {"Content-Type": "application/json-x"}, "admin"),
    ("report a materialization", 405, "POST", "/report_asset_materialization/things/catalog", JSON, "admin"),
    ("socket of a foreign page", 403, "GET", "/graphql", {**UPGRADE, **FOREIGN}, "admin"),
    ("socket of no page", 403, "GET", "/graphql", UPGRADE, "admin"),
    ("socket without login", 401, "GET", "/graphql", {**UPGRADE, **OWN}, None),
    ("socket elsewhere", 400, "GET", "/elsewhere", {**UPGRADE, **OWN}, "admin"),
    ("POST with upgrade", 405, "POST", "/graphql", {**JSON, "Upgrade": "h2c"}, "admin"),
    ("body too large", 413, "POST", "/graphql", {**JSON, "Content-Length": "5000000"}, "admin"),
    ("headers too large", 400, "GET", "/", {"X": "x" * 40_000}, "admin"),
    ("other name", 421, "POST", "/graphql", {**JSON, "Host": "evil.example"}, "admin"),
    *(
        (f"path {path}", status, "GET", f"{path}?{IN_PATH}", {}, "admin")
        for path, status in {
            "//graphql": 400,
            "/./graphql": 405,
            "/x/../graphql": 405,
            "/%67raphql": 405,
            "/%2567raphql": 400,
            "/x/..%2fgraphql": 400,
            "/%2e/graphql": 400,
            "/graphql%00": 400,
            "/graphql%2f": 400,
            "/graphql#": 405,
            "https://vdata.localhost/graphql": 405,
        }.items()
    ),
]


# What the read-only webserver is asked to do.
MUTATIONS = [
    LAUNCH,
    f"mutation {{launchPipelineExecution(executionParams: {{selector: {SELECTOR}}}) {{__typename}}}}",
    'mutation {addDynamicPartition(partitionKey: "x", partitionsDefName: "objects/category", '
    'repositorySelector: {repositoryLocationName: "vdata", repositoryName: "__repository__"}) {__typename}}',
    'mutation {wipeAssets(assetPartitionRanges: [{assetKey: {path: ["things", "catalog"]}}]) {__typename}}',
    'mutation {reloadRepositoryLocation(repositoryLocationName: "vdata") {__typename}}',
    'mutation {shutdownRepositoryLocation(repositoryLocationName: "vdata") {__typename}}',
    "mutation {reportRunlessAssetEvents(eventParams: {eventType: ASSET_MATERIALIZATION, assetKey: "
    '{path: ["things", "catalog"]}}) {__typename}}',
]
