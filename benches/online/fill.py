"""Fills a registry with images, and a folder with manifests that use them.

    fill.py HOST FOLDER MANIFESTS IMAGES

The images are made as the OCI image specification describes them and pushed as the distribution specification
says: all share one base layer of a few hundred entries and have a layer and a configuration of their own. All manifests
set `command`: nine in ten to a program of the image, and one to a word that is none, as in the incident.
"""

import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile
import urllib.request

BASE_ENTRIES = 400
SCRIPT = '#!/bin/sh\nset -e\n# {number}\nexec /usr/bin/manage "$@"\n'
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app{number}
  namespace: team{team}
  labels:
    app.kubernetes.io/name: app{number}
    app.kubernetes.io/part-of: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: app{number}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app{number}
    spec:
      containers:
        - name: app
          # Pinned until the migration is over.
          image: {image}
          command: {command}
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
            - name: DATABASE_NAME
              valueFrom:
                secretKeyRef:
                  name: app{number}
                  key: database
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
          resources:
            requests:
              cpu: 50m
              memory: 64Mi
            limits:
              memory: 256Mi
---
apiVersion: v1
kind: Service
metadata:
  name: app{number}
  namespace: team{team}
spec:
  selector:
    app.kubernetes.io/name: app{number}
  ports:
    - name: http
      port: 80
      targetPort: http
"""


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    """Returns a layer with these files, all of them programs."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.mode, entry.size = 0o755, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0), digest(raw.getvalue())


class Registry:
    def __init__(self, host):
        self.host = host

    def send(self, method, url, data=None, media_type="application/octet-stream"):
        request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": media_type})
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.headers

    def blob(self, repository, data):
        location = self.send("POST", f"http://{self.host}/v2/{repository}/blobs/uploads/", b"")["Location"]
        joint = "&" if "?" in location else "?"
        self.send("PUT", f"{location}{joint}digest={digest(data)}", data)
        return {"digest": digest(data), "size": len(data)}

    def image(self, repository, tag, layers):
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["dumb-init", "--", "ak"], "Env": ["PATH=/lifecycle:/usr/local/bin:/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [unpacked for _, unpacked in layers]},
        }
        kind = "application/vnd.oci.image"
        pushed = [dict(self.blob(repository, data), mediaType=f"{kind}.layer.v1.tar+gzip") for data, _ in layers]
        config = dict(self.blob(repository, json.dumps(config).encode()), mediaType=f"{kind}.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json", "config": config, "layers": pushed}
        self.send("PUT", f"http://{self.host}/v2/{repository}/manifests/{tag}",
                  json.dumps(manifest).encode(), manifest["mediaType"])


def main():
    host, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    manifests, images = int(sys.argv[3]), int(sys.argv[4])
    registry = Registry(host)
    programs = {f"usr/bin/tool{number}": b"\x7fELF" for number in range(BASE_ENTRIES)}
    base = layer({**programs, "bin/sh": b"\x7fELF", "usr/bin/dumb-init": b"\x7fELF", "usr/bin/manage": b"\x7fELF"})
    for number in range(images):
        own = layer({"lifecycle/ak": SCRIPT.format(number=number).encode()})
        registry.image(f"team/app{number}", "1.0", [base, own])
    folder.mkdir(parents=True)
    for number in range(manifests):
        image = f"{host}/team/app{number % images}:1.0"
        command = '["server"]' if number % 10 == 0 else '["manage", "server"]'
        text = DEPLOYMENT.format(number=number, team=number % 20, image=image, command=command)
        (folder / f"app{number}.yaml").write_text(text)


main()
