"""sam2lung model list, verify, install, remove; --model by name; signatures made by openssl; archives made by Python's zipfile."""

import json
import shutil
import stat
import subprocess
import zipfile

import made_ct
import numpy as np
import pytest

SIGNATURE = "model.json.sig"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """Nothing of whoever runs this is looked at; bundles are installed in tmp_path/models."""
    for name in ("SAM2LUNG_KEYS", "SAM2LUNG_REQUIRE_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SAM2LUNG_MODELS", str(tmp_path / "models"))


@pytest.fixture
def ct(tmp_path):
    """A ball of soft tissue in air."""
    hu = np.full((8, 24, 26), -900.0)
    hu[made_ct.ball(hu.shape, (13, 12, 4), 4.0, (0.7, 0.8, 1.8))] = 50
    return made_ct.write(tmp_path / "ct.nii.gz", hu, (0.7, 0.8, 1.8))


def zipped(folder, path, top=""):
    """An archive of a folder's files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, top + file.name)
    return path


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def good(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done, name, *words):
    assert done.returncode == 1 and done.stderr.startswith(name + ": "), done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_install_list_segment_and_remove(sam2lung, bundles, ct, tmp_path):
    source = bundles / "tiny-plain"
    archive = zipped(source, tmp_path / "bundle.zip")
    assert good(sam2lung("model", "install", archive)).startswith("installed: tiny-plain 1.0.0  (not signed; ")
    installed = tmp_path / "models" / "tiny-plain" / "1.0.0"
    assert files_of(installed) == files_of(source)
    assert "nothing was written" in good(sam2lung("model", "install", source))

    told = good(sam2lung("model", "list"))
    assert "CT -> findings of nodule; segment (slice)" in told and str(installed) in told and "built in" in told
    listed = json.loads(good(sam2lung("model", "list", "--json")))
    assert listed["folder"] == str(tmp_path / "models")
    builtin, entry = listed["bundles"]
    assert builtin["folder"] is None and builtin["signature"]["state"] == "built_in" and builtin["problem"] is None
    assert (entry["name"], entry["version"], entry["folder"]) == ("tiny-plain", "1.0.0", str(installed))
    assert entry["purpose"]["channels"] == ["CT"] and entry["purpose"]["roles"] == ["segment (slice)"]
    assert entry["bytes"] == sum(len(content) for content in files_of(source).values())
    assert entry["signature"] == {"state": "missing", "key": None} and entry["problem"] is None

    results = {}
    for model in ("tiny-plain", "tiny-plain@1.0.0", source):
        out = tmp_path / "out" / str(len(results))
        sam2lung.segment(ct, "--output", out, "--model", model, "--lung-mask", "off")
        run = json.loads((out / "ct" / "run.json").read_text())["model"]
        assert run["signature"] == "missing" and "signature_key" not in run
        results[model] = made_ct.read(out / "ct" / "probability.nii.gz").tobytes()
    assert len(set(results.values())) == 1
    assert "signature      not signed" in good(sam2lung("info", "tiny-plain"))

    assert good(sam2lung("model", "remove", "tiny-plain")) == "removed: tiny-plain@1.0.0\n"
    assert not (tmp_path / "models" / "tiny-plain").exists()
    refused(sam2lung.segment(ct, "--output", tmp_path / "out", "--model", "tiny-plain", status=1), "E_NO_SUCH_MODEL", "none")


def test_bundles_lie_in_the_data_folder_unless_a_folder_is_named(sam2lung, bundles, tmp_path, monkeypatch):
    monkeypatch.delenv("SAM2LUNG_MODELS")
    good(sam2lung("model", "install", bundles / "tiny-plain"))
    assert (tmp_path / "data" / "sam2lung" / "models" / "tiny-plain" / "1.0.0" / "model.json").is_file()
    good(sam2lung("model", "install", bundles / "tiny-patch", "--folder", tmp_path / "mine"))
    assert (tmp_path / "mine" / "tiny-patch" / "1.0.0" / "model.json").is_file()
    names = [one["name"] for one in json.loads(good(sam2lung("model", "list", "--json")))["bundles"]]
    assert names[1:] == ["tiny-plain"]
    good(sam2lung("model", "remove", "tiny-patch", "--folder", tmp_path / "mine"))
    monkeypatch.setenv("XDG_DATA_HOME", "")
    monkeypatch.delenv("HOME", raising=False)
    assert "no home folder" in good(sam2lung("model", "list"))
    refused(sam2lung("model", "install", bundles / "tiny-plain"), "E_OPTION", "SAM2LUNG_MODELS")


def test_verify_names_what_is_damaged_and_goes_on(sam2lung, bundles, tmp_path):
    assert "no bundle is installed" in good(sam2lung("model", "verify"))
    for name in ("tiny-plain", "tiny-patch", "tiny-members"):
        good(sam2lung("model", "install", bundles / name))
    assert good(sam2lung("model", "verify")).count(": good; not signed") == 3
    graph = tmp_path / "models" / "tiny-patch" / "1.0.0" / "graph.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"?")
    done = sam2lung("model", "verify")
    refused(done, "E_MODEL_HASH", str(graph.parent))
    assert done.stdout.count("good") == 2
    # The list doesn't read graphs.
    assert all(one["problem"] is None for one in json.loads(good(sam2lung("model", "list", "--json")))["bundles"])
    archive = zipped(bundles / "tiny-slab", tmp_path / "slab.zip")
    done = sam2lung("model", "verify", "tiny-patch", archive, bundles / "tiny-plain", "--json")
    assert done.returncode == 1
    bad, zipped_one, folder = json.loads(done.stdout)
    assert bad["wanted"] == "tiny-patch" and bad["bundle"] is None and bad["problem"]["name"] == "E_MODEL_HASH"
    assert zipped_one["problem"] is None and zipped_one["bundle"]["name"] == "tiny-slab"
    assert folder["bundle"]["signature"] == {"state": "missing", "key": None}
    assert not (tmp_path / "models" / "tiny-slab").exists(), "nothing is installed by that"


def test_other_files_of_the_same_version_are_refused_unless_they_are_to_replace(sam2lung, bundles, tmp_path):
    good(sam2lung("model", "install", bundles / "tiny-plain"))
    other = shutil.copytree(bundles / "tiny-plain", tmp_path / "other")
    (other / "NOTICE").write_text("of whom")
    refused(sam2lung("model", "install", other), "E_MODEL_INSTALLED", "another NOTICE", "options: --replace")
    assert good(sam2lung("model", "install", other, "--replace")).startswith("replaced: ")
    assert files_of(tmp_path / "models" / "tiny-plain" / "1.0.0") == files_of(other)


def entry(name, mode=None, **fields):
    """An entry of an archive, as an attacker writes it."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    info.create_system = 3
    if mode is not None:
        info.external_attr = mode << 16
    for field, value in fields.items():
        setattr(info, field, value)
    return info


BAD = {
    "slip": (entry("../../evil"), "lead elsewhere"),
    "absolute": (entry("/tmp/evil"), "lead elsewhere"),
    "backslash": (entry("..\\evil"), "lead elsewhere"),
    "link": (entry("README", stat.S_IFLNK | 0o777), "is a link or a device"),
    "pipe": (entry("README", stat.S_IFIFO | 0o644), "is a link or a device"),
    "folder": (entry("more/README"), "lies in another folder"),
    "further": (entry("run.sh"), "'run.sh', which model.json doesn't name"),
    "case": (entry("GRAPH.onnx"), "case of letters"),
    "twice": (entry("graph.onnx"), "two entries of one name"),
    "bzip2": (entry("README", compress_type=zipfile.ZIP_BZIP2), "packed in a way"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_archive_of_python_is_refused_and_nothing_written(sam2lung, bundles, tmp_path, kind):
    archive = zipped(bundles / "tiny-plain", tmp_path / "bad.zip")
    info, words = BAD[kind]
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr(info, b"/etc/passwd")
    refused(sam2lung("model", "install", archive), "E_MODEL_ARCHIVE", words, str(archive))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.zip"]


def test_archives_of_other_writers_are_read(sam2lung, bundles, tmp_path):
    """Stored, streamed (sizes behind the data), within a folder, with a comment, with 64-bit sizes, and by Info-ZIP."""
    source = bundles / "tiny-plain"
    made = [zipped(source, tmp_path / "folder.zip", "my-bundle/")]
    with zipfile.ZipFile(tmp_path / "stored.zip", "w") as archive:
        archive.comment = b"a comment"
        for file in source.iterdir():
            with archive.open(file.name, "w", force_zip64=True) as out:
                out.write(file.read_bytes())
    made.append(tmp_path / "stored.zip")

    class Pipe:
        """It can't go back, so sizes come behind the data."""

        def __init__(self, path):
            self.file = open(path, "wb")
            self.write, self.flush, self.close = self.file.write, self.file.flush, self.file.close

    pipe = Pipe(tmp_path / "streamed.zip")
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in source.iterdir():
            archive.write(file, file.name)
    pipe.close()
    made.append(tmp_path / "streamed.zip")
    if shutil.which("zip"):
        subprocess.run(["zip", "-q", "-r", tmp_path / "info-zip.zip", "tiny-plain"], cwd=bundles, check=True)
        made.append(tmp_path / "info-zip.zip")
    else:
        print("SKIPPED: Info-ZIP, which isn't installed")
    for archive in made:
        assert "good" in good(sam2lung("model", "verify", archive)), archive


def test_installs_at_the_same_time_leave_one_whole_bundle(sam2lung, bundles, tmp_path):
    one, other = (shutil.copytree(bundles / "tiny-plain", tmp_path / name) for name in ("one", "other"))
    (other / "README").write_text("another")
    words = [[sam2lung.path, "model", "install", folder, "--replace"] for folder in (one, other) * 8]
    running = [subprocess.Popen(list(map(str, line)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for line in words]
    for process in running:
        assert process.wait(timeout=120) == 0, process.stderr.read()
    assert files_of(tmp_path / "models" / "tiny-plain" / "1.0.0") in (files_of(one), files_of(other))
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [".lock", "tiny-plain"]


@pytest.fixture
def openssl(tmp_path):
    """Makes keys and signs, with the commands of onnx/README.md."""
    if shutil.which("openssl") is None:
        pytest.skip("SKIPPED: openssl isn't installed")

    def run(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    class OpenSsl:
        def make(self, name, keys):
            keys.mkdir(exist_ok=True)
            run("genpkey", "-algorithm", "ed25519", "-out", tmp_path / f"{name}.private")
            run("pkey", "-in", tmp_path / f"{name}.private", "-pubout", "-out", keys / f"{name}.pem")

        def sign(self, name, folder):
            key = ("-inkey", tmp_path / f"{name}.private")
            run("pkeyutl", "-sign", "-rawin", *key, "-in", folder / "model.json", "-out", folder / SIGNATURE)

    return OpenSsl()


def test_signature_of_openssl_is_right_wrong_required_or_not_checked(sam2lung, bundles, ct, tmp_path, openssl, monkeypatch):
    keys, strangers = tmp_path / "keys", tmp_path / "strangers"
    openssl.make("hospital", keys)
    openssl.make("stranger", strangers)
    bundle = shutil.copytree(bundles / "tiny-plain", tmp_path / "bundle")
    refused(sam2lung("model", "install", bundle, "--keys", keys, "--require-signature"), "E_SIGNATURE", "not signed", "--keys DIR")
    openssl.sign("hospital", bundle)
    assert (bundle / SIGNATURE).stat().st_size == 64
    archive = zipped(bundle, tmp_path / "signed.zip")
    refused(sam2lung("model", "install", archive, "--keys", strangers), "E_SIGNATURE", "stranger.pem")
    refused(sam2lung("model", "install", archive, "--require-signature"), "E_SIGNATURE", "no public key was chosen")
    assert "not checked: no keys were chosen" in good(sam2lung("model", "install", archive))
    words = ("--keys", keys, "--require-signature")
    assert "checked with hospital.pem" in good(sam2lung("model", "verify", "tiny-plain", *words))
    entry = json.loads(good(sam2lung("model", "list", "--json", "--keys", keys)))["bundles"][1]
    assert entry["signature"] == {"state": "right", "key": "hospital.pem"}
    stranger = json.loads(good(sam2lung("model", "list", "--json", "--keys", strangers)))["bundles"][1]
    assert stranger["signature"]["state"] == "wrong" and stranger["problem"]["name"] == "E_SIGNATURE"

    def run_of(*words, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        out = tmp_path / "out"
        done = sam2lung.segment(ct, "--output", out, "--model", "tiny-plain", "--lung-mask", "off", *words)
        return json.loads((out / "ct" / "run.json").read_text())["model"], done.stderr

    model, told = run_of()
    assert model["signature"] == "not_checked" and "signed, not checked: no keys were chosen" in told
    model, told = run_of(*words)
    assert (model["signature"], model["signature_key"]) == ("right", "hospital.pem") and "no keys were chosen" not in told
    # By the environment as well, and from the usual folder of keys.
    model, _ = run_of(SAM2LUNG_KEYS=keys, SAM2LUNG_REQUIRE_SIGNATURE="1")
    assert model["signature"] == "right"
    monkeypatch.delenv("SAM2LUNG_KEYS")
    shutil.copytree(keys, tmp_path / "data" / "sam2lung" / "keys")
    assert run_of()[0]["signature_key"] == "hospital.pem"

    contract = tmp_path / "models" / "tiny-plain" / "1.0.0" / "model.json"
    contract.write_text(contract.read_text() + " ")
    words = (ct, "--output", tmp_path / "out", "--model", "tiny-plain")
    refused(sam2lung.segment(*words, status=1), "E_SIGNATURE", "hospital.pem")
    refused(sam2lung("info", "tiny-plain"), "E_SIGNATURE", str(contract.parent))
    # The built-in model needs none.
    good(sam2lung("model", "list"))
    good(sam2lung("info"))


def test_upgrade_of_a_signed_bundle_leaves_it_alone(sam2lung, bundles, tmp_path, openssl):
    openssl.make("hospital", tmp_path / "keys")
    bundle = shutil.copytree(bundles / "tiny-identity", tmp_path / "bundle")
    openssl.sign("hospital", bundle)
    before = files_of(bundle)
    refused(sam2lung("model", "upgrade", bundle), "E_SIGNATURE", "is signed", "folder of its own")
    assert files_of(bundle) == before
    good(sam2lung("model", "upgrade", bundle, "--output", tmp_path / "new"))
    assert SIGNATURE not in files_of(tmp_path / "new")
    openssl.sign("hospital", tmp_path / "new")
    good(sam2lung("model", "upgrade", tmp_path / "new", "--output", tmp_path / "copy"))
    assert files_of(tmp_path / "copy") == files_of(tmp_path / "new")
