"""examples/pacs against a real Orthanc on loopback: a CT goes in, its objects come back, once, whatever is killed.

SKIPPED where Orthanc or its DICOMweb plugin isn't installed (Debian: orthanc, orthanc-dicomweb), or a package of
examples/pacs/requirements.txt. The queue and the settings are tested without it.
"""

import datetime
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import made_dicom
import numpy as np
import orthanc
import pydicom
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pacs"
SHAPE = (6, 64, 48)
AFFINE = np.array([[-0.8, 0, 0, 90.0], [0, -0.7, 0, 80.5], [0, 0, 2.5, -300.0], [0, 0, 0, 1]])
CUBES = [(slice(2, 4), slice(10, 18), slice(10, 18)), (slice(3, 5), slice(40, 47), slice(30, 37))]
NAME, PATIENT_ID = "Roe^Jane", "id-471147"
CLASSES = {
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "SR": "1.2.840.10008.5.1.4.1.1.88.34",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
}


def module(name):
    """One of the example's modules."""
    spec = importlib.util.spec_from_file_location(f"pacs_{name}", EXAMPLE / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def ct(series="1.2.3.6", slices=SHAPE[0], rescale=True):
    """The images of a CT with two nodules."""
    hu = np.full(SHAPE, -850)
    hu[:, :, 22:] = -750
    for cube in CUBES:
        hu[cube] = 50
    images = made_dicom.series(hu, AFFINE, series_uid=series)[:slices]
    for k, made in enumerate(images):
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"{series}.{k + 1}"
        made.StudyInstanceUID, made.FrameOfReferenceUID, made.StudyDate = "1.2.3.5", "1.2.3.4", "20240203"
        made.PatientName, made.PatientID = NAME, PATIENT_ID
        made.preamble = bytes(128)  # STOW-RS sends files as they are.
        if not rescale:
            del made.RescaleSlope
    return images


# --- without an archive -----------------------------------------------------------------------------------------------


@pytest.fixture
def jobs(tmp_path):
    loaded = module("jobs")
    # As a killed bridge leaves it: opened again by each call.
    return lambda: loaded.Jobs(tmp_path / "queue.sqlite")


def states(jobs):
    return {job.series_uid: (job.state, job.images, job.tries) for job in jobs().all()}


def test_queue_series_begins_only_when_its_images_stood_still(jobs):
    for now, images in [(0, 3), (5, 4), (20, 4)]:
        jobs().observe("1.1", "1", images, now)
        jobs().settle(now, settle_s=15)
        assert (jobs().begin(now) is not None) == (now == 20)
    assert states(jobs) == {"1.1": ("running", 4, 1)}


def test_queue_series_seen_again_is_not_run_again_and_one_that_grew_is(jobs):
    queue = jobs()
    queue.observe("1.1", "1", 4, 0)
    queue.settle(10, 5)
    queue.finish(queue.begin(10).series_uid, "done")
    assert not queue.observe("1.1", "1", 4, 20) and not queue.observe("1.1", "1", 3, 21)
    queue.settle(100, 5)
    assert queue.begin(100) is None
    assert queue.observe("1.1", "1", 5, 200) and states(jobs)["1.1"] == ("arriving", 5, 0)


def test_queue_job_that_was_running_at_a_kill_is_found_and_counts_as_a_try(jobs):
    jobs().observe("1.1", "1", 4, 0)
    jobs().settle(10, 5)
    for n in (1, 2, 3):
        job = jobs().begin(10 + n)
        assert job.tries == n
        (left,) = jobs().recover()
        assert left == job and jobs().fail(left, "killed", now=10 + n, tries=3, pause_s=0) == (n < 3)
    assert states(jobs)["1.1"] == ("failed", 4, 3) and jobs().begin(1e9) is None
    assert jobs().again("1.1") and not jobs().again("1.9") and jobs().begin(0).tries == 1


def test_queue_pauses_double_and_others_go_on(jobs):
    queue = jobs()
    for uid in ("1.1", "1.2"):
        queue.observe(uid, "1", 4, float(uid[2]))
    queue.settle(10, 5)
    queue.fail(queue.begin(10), "a", now=10, tries=3, pause_s=60)
    assert queue.begin(11).series_uid == "1.2" and queue.begin(69) is None
    queue.fail(queue.begin(70), "a", now=70, tries=3, pause_s=60)
    assert queue.begin(189) is None and queue.begin(190).tries == 3


WRONG = {
    "table": ("[servers]\n", "[servers] is unknown"),
    "key": ("[archive]\nurl = 'http://a'\n", "archive.url is unknown; expected dicomweb"),
    "missing": ("[archive]\n", "dicomweb"),
    "address": ("[archive]\ndicomweb = 'ftp://a'\n", "expected http://"),
    "kind": ("[archive]\ndicomweb = 'http://a'\n[queue]\ntries = 'three'\n", "queue.tries is 'three'; expected int"),
    "negative": ("[archive]\ndicomweb = 'http://a'\n[queue]\nsettle_s = -1\n", "expected 0 or more"),
    "tries": ("[archive]\ndicomweb = 'http://a'\n[queue]\ntries = 0\n", "queue.tries is 0"),
    "way": ("[archive]\ndicomweb = 'http://a'\n[send]\nby = 'mail'\n", "expected 'stow' or 'cstore'"),
    "node": ("[archive]\ndicomweb = 'http://a'\n[send]\nby = 'cstore'\n", "send.host and send.port are needed"),
    "objects": (
        "[archive]\ndicomweb = 'http://a'\n[send]\nobjects = ['mask']\n",
        "'mask'; expected some of segmentation",
    ),
    "password": ("[archive]\ndicomweb = 'http://a'\nuser = 'a'\n", "without archive.password_variable"),
    "toml": ("[archive\n", "can't be read"),
}


@pytest.mark.parametrize("text, words", WRONG.values(), ids=WRONG)
def test_settings_that_can_not_be_are_refused_by_name(tmp_path, text, words):
    settings = module("settings")
    (tmp_path / "bridge.toml").write_text(text)
    with pytest.raises(settings.SettingsError, match=".*") as refused:
        settings.read(tmp_path / "bridge.toml")
    assert words in str(refused.value)


def test_settings_that_come_with_the_example_are_right():
    read = module("settings").read(EXAMPLE / "bridge.toml")
    assert read.folder == EXAMPLE / "state" and read.send.objects == ["segmentation", "report", "overview"]


# --- with Orthanc -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    if orthanc.missing():
        pytest.skip(f"SKIPPED: {orthanc.missing()}")
    for name in ("dicomweb_client", "pynetdicom"):
        pytest.importorskip(name, reason=f"SKIPPED: {name} is not installed (examples/pacs/requirements.txt)")
    running = orthanc.Orthanc(tmp_path_factory.mktemp("orthanc"))
    yield running
    running.close()


def c_store(archive, images):
    import pynetdicom

    node = pynetdicom.AE()
    node.add_requested_context(images[0].SOPClassUID, images[0].file_meta.TransferSyntaxUID)
    link = node.associate("127.0.0.1", archive.dicom)
    assert link.is_established and all(link.send_c_store(image).Status == 0 for image in images)
    link.release()


def stow(archive, images):
    import dicomweb_client

    dicomweb_client.DICOMwebClient(archive.web).store_instances(images)


SENDERS = {"cstore": c_store, "stow": stow}


class Bridge:
    """The bridge as a process of its own, with a sam2lung that notes its runs and waits `nap_s` seconds before each."""

    def __init__(self, folder, archive, sam2lung, bundles, by="stow", nap_s=0, settle_s=1, newest_days=0, program=None):
        self.folder, self.process = folder, None
        self.notes = folder / "runs.txt"
        wrapper = folder / "sam2lung.sh"
        run = f'exec "{sam2lung.path}" "$@"' if program is None else program
        wrapper.write_text(f'#!/bin/sh\necho $$ >> "{self.notes}"\nsleep {nap_s}\n{run}\n')
        wrapper.chmod(0o755)
        tell = folder / "tell.sh"
        tell.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/told.txt"\n')
        tell.chmod(0o755)
        options = ["--model", str(bundles / "tiny-identity"), "--lung-mask", "off", "--samples", "2", "--device", "cpu"]
        node = f"\nhost = '127.0.0.1'\nport = {archive.dicom}" if by == "cstore" else ""
        self.config = folder / "bridge.toml"
        self.config.write_text(
            f"[archive]\ndicomweb = '{archive.web}'\nnewest_days = {newest_days}\n[send]\nby = '{by}'{node}\n"
            f"[run]\nprogram = '{wrapper}'\noptions = {json.dumps(options)}\n"
            f"[queue]\npoll_s = 0.3\nsettle_s = {settle_s}\nfewest_images = 5\npause_s = 0.3\ntell = ['{tell}']\n"
        )

    def start(self):
        with open(self.folder / "bridge.log", "a") as to:
            words = [sys.executable, EXAMPLE / "bridge.py", "--config", self.config]
            self.process = subprocess.Popen(words, stdout=to, stderr=to)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=60) == 0, self.log

    @property
    def log(self):
        return (self.folder / "bridge.log").read_text()

    @property
    def runs(self):
        """Process ids of the runs so far."""
        return [int(line) for line in self.notes.read_text().split()] if self.notes.exists() else []

    def ask(self, *words):
        return subprocess.run(
            [sys.executable, EXAMPLE / "bridge.py", "--config", self.config, *words], capture_output=True, text=True
        )

    def wait_for(self, there, what):
        end = time.monotonic() + 120
        while not there():
            assert time.monotonic() < end and self.process.poll() is None, f"no {what}:\n{self.log}"
            time.sleep(0.1)

    def wait_for_log(self, words, times=1):
        self.wait_for(lambda: self.log.count(words) >= times, words)


@pytest.fixture
def bridge(archive, sam2lung, bundles, tmp_path):
    """Makes a bridge; at the end all is stopped, and nothing of the patient may be in what it wrote."""
    made = []

    def make(**options):
        made.append(Bridge(tmp_path, archive, sam2lung, bundles, **options))
        return made[-1].start()

    archive.empty()
    yield make
    for one in made:
        if one.process.poll() is None:
            one.kill()
    kept = [tmp_path / "bridge.log", *(path for path in (tmp_path / "state").glob("queue.sqlite*"))]
    for data in [path.read_bytes() for path in kept]:
        assert data and not any(word in data for word in (b"Roe", b"Jane", b"471147"))


def read(objects):
    return {modality: [pydicom.dcmread(io.BytesIO(data)) for data in files] for modality, files in objects.items()}


def check_objects(archive):
    """Fails unless SEG, SR and capture of the CT are stored, once each; and are what others read."""
    objects = read(archive.objects())
    assert {modality: len(files) for modality, files in objects.items()} == {"SEG": 1, "SR": 1, "OT": 1}
    for modality, (made,) in objects.items():
        assert (made.SOPClassUID, made.StudyInstanceUID, made.PatientName) == (CLASSES[modality], "1.2.3.5", NAME)
    outlines = objects["SEG"][0].pixel_array.reshape(2, *SHAPE)
    expected = np.zeros((2, *SHAPE), bool)
    for n, cube in enumerate(CUBES):
        expected[n][cube] = True
    assert {tuple(mask.nonzero()[0]) for mask in outlines} == {tuple(mask.nonzero()[0]) for mask in expected}
    assert objects["OT"][0].pixel_array.ndim == 3
    highdicom = pytest.importorskip(
        "highdicom", reason="SKIPPED: highdicom is not installed (onnx/requirements-dicom.txt)"
    )
    seen = highdicom.seg.Segmentation.from_dataset(objects["SEG"][0])
    found = seen.get_pixels_by_source_instance([f"1.2.3.6.{k + 1}" for k in range(SHAPE[0])], combine_segments=True)
    assert np.array_equal(found > 0, expected.any(0))
    groups = highdicom.sr.Comprehensive3DSR.from_dataset(
        objects["SR"][0]
    ).content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["Nodule 1", "Nodule 2"]
    return {made.SOPInstanceUID for files in objects.values() for made in files}


@pytest.mark.parametrize("arrives", SENDERS)
@pytest.mark.parametrize("by", SENDERS)
def test_ct_that_arrives_is_segmented_and_its_objects_come_back(bridge, archive, arrives, by):
    running = bridge(by=by)
    SENDERS[arrives](archive, ct())
    running.wait_for_log("done: 3 objects sent, 0 were there")
    check_objects(archive)
    running.stop()
    assert "done" in running.ask("--list").stdout and not (running.folder / "state" / "1.2.3.6").exists()


def test_ct_that_is_sent_twice_is_run_once_and_its_objects_are_there_once(bridge, archive):
    running = bridge()
    c_store(archive, ct())
    running.wait_for_log("done: ")
    first = check_objects(archive)
    for send in SENDERS.values():
        send(archive, ct())
    time.sleep(3)  # Ten polls.
    assert len(running.runs) == 1
    # Even a run that is asked for makes the same objects: none is stored a second time.
    running.stop()
    assert running.ask("--again", "1.2.3.6").returncode == 0
    running.start().wait_for_log("done: 0 objects sent, 3 were there")
    assert len(running.runs) == 2 and check_objects(archive) == first


def test_bridge_killed_during_a_run_sends_the_result_of_the_run_that_went_on(bridge, archive):
    running = bridge(nap_s=3)
    c_store(archive, ct())
    running.wait_for(lambda: running.runs, "run")
    running.kill()
    assert not archive.objects()
    running.start().wait_for_log("done: 3 objects sent, 0 were there")
    assert "waits for its end" in running.log and len(running.runs) == 1
    check_objects(archive)


def test_bridge_and_run_killed_together_run_again_and_lose_nothing(bridge, archive):
    running = bridge(nap_s=3)
    c_store(archive, ct())
    c_store(archive, ct(series="1.2.3.7"))
    running.wait_for(lambda: running.runs, "run")
    running.kill()
    os.killpg(running.runs[0], signal.SIGKILL)
    running.start().wait_for_log("done: 3 objects sent, 0 were there", times=2)
    assert len(running.runs) == 3 and "it was running when the bridge ended" in running.log
    assert {modality: len(files) for modality, files in archive.objects().items()} == {"SEG": 2, "SR": 2, "OT": 2}


def test_bridge_killed_while_it_sends_leaves_each_object_once(bridge, archive):
    running = bridge(by="cstore")
    c_store(archive, ct())
    running.wait_for(archive.objects, "object")
    running.kill()
    running.start()
    running.wait_for(lambda: "done" in running.ask("--list").stdout, "end")
    assert len(running.runs) == 1
    check_objects(archive)


def test_bridge_that_is_ended_during_a_run_ends_the_run_and_takes_it_up_again(bridge, archive):
    running = bridge(nap_s=30)
    c_store(archive, ct())
    running.wait_for(lambda: running.runs, "run")
    running.stop()
    assert "waiting    1.2.3.6  6 images, 0 tries" in running.ask("--list").stdout
    with pytest.raises(ProcessLookupError):
        os.kill(running.runs[0], 0)


def test_series_that_is_still_arriving_is_not_begun(bridge, archive):
    running = bridge(settle_s=3)
    images = ct()
    for image in images:
        c_store(archive, [image])
        time.sleep(1)
    assert not running.runs
    running.wait_for_log("done: 3 objects sent")
    assert "begins, try 1, 6 images" in running.log and len(running.runs) == 1
    check_objects(archive)


def test_slices_that_come_late_are_a_reason_to_run_again(bridge, archive):
    running = bridge()
    c_store(archive, ct(slices=5))
    running.wait_for_log("done: 3 objects sent")
    c_store(archive, ct()[5:])
    running.wait_for_log("done: 3 objects sent, 0 were there", times=2)
    assert len(archive.objects()["SEG"]) == 2


def test_series_that_fails_is_tried_three_times_and_told_and_others_go_on(bridge, archive):
    running = bridge()
    c_store(archive, ct(series="1.2.3.8", rescale=False))
    running.wait_for_log("series 1.2.3.8: begins")
    c_store(archive, ct())
    running.wait_for_log("series 1.2.3.8: FAILED after 3 tries: E_NOT_HU (status 1)")
    running.wait_for_log("series 1.2.3.6: done")
    running.wait_for(lambda: (running.folder / "told.txt").exists(), "word of the failure")
    assert (running.folder / "told.txt").read_text() == "1.2.3.8 E_NOT_HU (status 1)\n"
    assert len(running.runs) == 4
    assert "failed     1.2.3.8  6 images, 3 tries  E_NOT_HU (status 1)" in running.ask("--list").stdout
    check_objects(archive)


def test_program_that_can_not_be_run_fails_and_nothing_is_sent(bridge, archive):
    running = bridge(program="exit 3")
    c_store(archive, ct())
    running.wait_for_log("FAILED after 3 tries: no reason was named (status 3)")
    assert not archive.objects()


def test_localizer_is_left_aside(bridge, archive):
    images = ct()
    for image in images:
        image.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    running = bridge()
    c_store(archive, images)
    running.wait_for_log("left aside: 0 slices")
    assert not running.runs and not archive.objects()


def test_archive_that_does_not_answer_is_told_and_asked_again(bridge, archive):
    running = bridge()
    c_store(archive, ct())
    running.wait_for_log("done: ")
    running.stop()
    running.ask("--again", "1.2.3.6")
    right = running.config.read_text()
    running.config.write_text(right.replace(f":{archive.http}/", f":{orthanc.free_port()}/"))
    running.start().wait_for_log("the archive didn't look for series (ConnectionError)", times=2)
    running.stop()
    assert "waiting    1.2.3.6  6 images, 0 tries" in running.ask("--list").stdout and len(running.runs) == 1


def test_cts_of_earlier_days_are_not_looked_for(bridge, archive):
    today = ct(series="1.2.3.7")
    for image in today:
        image.StudyInstanceUID, image.StudyDate = "1.2.3.55", f"{datetime.date.today():%Y%m%d}"
    c_store(archive, ct())
    c_store(archive, today)
    running = bridge(newest_days=2)
    running.wait_for_log("series 1.2.3.7: done")
    assert "1.2.3.6" not in running.log and len(running.runs) == 1
