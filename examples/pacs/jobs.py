"""The queue: one row per CT series, in sqlite, so that a kill at any moment loses nothing.

    arriving → waiting → running → done
       ↑          ↑         ├→ waiting, until it was tried often enough, then failed
       │          │         └→ left aside (no CT to be segmented)
       └── images were added

It holds UIDs and counts, no names of patients.
"""

import dataclasses
import sqlite3

COLUMNS = "series_uid, study_uid, state, images, tries, reason"
ARRIVING, WAITING, RUNNING, DONE, FAILED, ASIDE = "arriving", "waiting", "running", "done", "failed", "left aside"
SCHEMA = """
create table if not exists series (
    series_uid text primary key,
    study_uid text not null,
    state text not null,
    images integer not null,      -- as the archive counted them last
    changed_at real not null,     -- when that number changed last, seconds since 1970
    tries integer not null default 0,
    next_try_at real not null default 0,
    reason text not null default ''
)
"""


@dataclasses.dataclass(frozen=True)
class Job:
    series_uid: str
    study_uid: str
    state: str
    images: int
    tries: int
    reason: str


class Jobs:
    """The queue in `path`; every call is one transaction that is on the disk when it returns."""

    def __init__(self, path):
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.execute(SCHEMA)

    def observe(self, series_uid, study_uid, images, now):
        """Notes how many images the archive has of a series.

        True where it is new or has grown: then it is (again) arriving.
        """
        row = self._db.execute("select images from series where series_uid = ?", (series_uid,)).fetchone()
        if row is not None and images <= row[0]:
            # Images that were deleted are no reason to run again, nor are those that come back.
            self._db.execute(
                "update series set images = ? where series_uid = ? and state != ?", (images, series_uid, DONE)
            )
            return False
        self._db.execute(
            "insert into series (series_uid, study_uid, state, images, changed_at) values (?, ?, ?, ?, ?)"
            " on conflict (series_uid) do update set state = excluded.state, images = excluded.images,"
            " changed_at = excluded.changed_at, tries = 0, next_try_at = 0, reason = ''",
            (series_uid, study_uid, ARRIVING, images, now),
        )
        return True

    def settle(self, now, settle_s):
        """Lets those series wait for their turn whose number of images stood still for `settle_s` seconds."""
        self._db.execute(
            "update series set state = ? where state = ? and changed_at <= ?", (WAITING, ARRIVING, now - settle_s)
        )

    def begin(self, now):
        """The series whose turn it is, now running; None where none waits.

        The try is counted before it begins: one that kills the bridge is not tried forever.
        """
        row = self._db.execute(
            "update series set state = ?, tries = tries + 1 where series_uid ="
            " (select series_uid from series where state = ? and next_try_at <= ?"
            " order by changed_at, series_uid limit 1)"
            f" returning {COLUMNS}",
            (RUNNING, WAITING, now),
        ).fetchall()
        return Job(*row[0]) if row else None

    def finish(self, series_uid, state, reason=""):
        """Ends a job as DONE, ASIDE or FAILED."""
        self._db.execute("update series set state = ?, reason = ? where series_uid = ?", (state, reason, series_uid))

    def fail(self, job, reason, now, tries, pause_s):
        """Lets a job wait for its next try, after a pause that doubles each time.

        False where it was tried often enough: it is FAILED then.
        """
        if job.tries >= tries:
            self.finish(job.series_uid, FAILED, reason)
            return False
        self._db.execute(
            "update series set state = ?, reason = ?, next_try_at = ? where series_uid = ?",
            (WAITING, reason, now + pause_s * 2 ** (job.tries - 1), job.series_uid),
        )
        return True

    def put_back(self, job):
        """Lets a job that was stopped on purpose wait again; its try doesn't count."""
        self._db.execute(
            "update series set state = ?, tries = tries - 1 where series_uid = ?", (WAITING, job.series_uid)
        )

    def recover(self):
        """The jobs that a killed bridge left running."""
        return [job for job in self.all() if job.state == RUNNING]

    def again(self, series_uid):
        """Lets a series run again; False where it is unknown."""
        changed = self._db.execute(
            "update series set state = ?, tries = 0, next_try_at = 0, reason = '' where series_uid = ?",
            (WAITING, series_uid),
        )
        return changed.rowcount > 0

    def all(self):
        """All jobs, those that changed longest ago first."""
        return [Job(*row) for row in self._db.execute(f"select {COLUMNS} from series order by changed_at, series_uid")]
