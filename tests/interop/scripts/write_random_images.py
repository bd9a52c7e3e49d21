"""Writes image layouts whose layers are random, but the same in each run.

Usage: write_random_images.py DIRECTORY COUNT

The layouts' names in the directory are their seeds, 0 to COUNT - 1.

Few names, so that entries hit each other: files below symlinks, directories
over files, whiteouts and opaque directories on the way, all in random order.
"""
import gzip
import hashlib
import io
import json
import os
import random
import sys
import tarfile

OCI = "application/vnd.oci.image."


def random_path(rng, most_parts=3):
    parts = rng.randint(1, most_parts)
    return "/".join(rng.choice("abc") for _ in range(parts))


def random_entry(rng, files):
    path = random_path(rng)
    info = tarfile.TarInfo(path)
    info.mode = rng.choice([0o644, 0o755, 0o700])
    info.uid = rng.choice([0, 1, 5])
    info.mtime = rng.randint(1, 10**9)
    content = b""
    kind = rng.random()
    if kind < 0.30 or (0.70 <= kind < 0.80 and not files):
        content = b"%03d" % rng.randint(0, 999)
        info.size = len(content)
        files.append(path)
    elif kind < 0.55:
        info.type = tarfile.DIRTYPE
    elif kind < 0.70:
        info.type = tarfile.SYMTYPE
        info.mode = 0o777
        start = rng.choice(["", "/", "../", "../../"])
        info.linkname = start + random_path(rng, 2)
    elif kind < 0.80:
        info.type = tarfile.LNKTYPE
        info.linkname = rng.choice(files)
    elif kind < 0.93:
        parent, name = os.path.split(path)
        info.name = os.path.join(parent, ".wh." + name)
    else:
        info.name = path + "/.wh..wh..opq"
    return info, content


def random_layer(rng):
    buffer = io.BytesIO()
    files = []
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT
    ) as archive:
        for _ in range(rng.randint(1, 7)):
            info, content = random_entry(rng, files)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def write_blob(layout, media_type, content):
    digest = digest_of(content)
    path = os.path.join(layout, "blobs", digest.replace(":", "/"))
    with open(path, "wb") as file:
        file.write(content)
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def write_json(layout, media_type, document):
    return write_blob(layout, media_type, json.dumps(document).encode())


def write_image(layout, seed):
    rng = random.Random(seed)
    os.makedirs(os.path.join(layout, "blobs", "sha256"))
    archives = [random_layer(rng) for _ in range(rng.randint(2, 3))]
    diff_ids = [digest_of(archive) for archive in archives]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI + "manifest.v1+json",
        "config": write_json(layout, OCI + "config.v1+json", config),
        "layers": [
            write_blob(layout, OCI + "layer.v1.tar+gzip", gzip.compress(it, 1, mtime=0))
            for it in archives
        ],
    }
    descriptor = write_json(layout, manifest["mediaType"], manifest)
    descriptor["annotations"] = {"org.opencontainers.image.ref.name": "random"}
    with open(os.path.join(layout, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [descriptor]}, file)
    with open(os.path.join(layout, "oci-layout"), "w") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)


def main(directory, count):
    for seed in range(int(count)):
        write_image(os.path.join(directory, str(seed)), seed)


main(*sys.argv[1:])
