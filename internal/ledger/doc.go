// Package ledger remembers when the bot first saw each tag and each digest of it.
//
// A minimum age that stands on this works on every registry with one list call, and
// nobody who publishes can forge it: what an image says of its own creation is only
// believed of those that the first listing of a repository found, whose true age can't
// be known (they are bootstrapped, until Settle).
//
// The ledger is one bbolt file, used by one process at a time. Each write is one
// transaction, on the disk when the call returns; those that wait for each other share
// one. A process that is killed loses at most what it hadn't been told was written. The
// file is looked through at Open, before anything is read from it: one that is damaged
// is moved aside, and a new ledger begins.
//
// Times are whole seconds. None that is given lies in the future: a time that was
// recorded while the clock was ahead is given as the present until the clock has passed
// it, so that a wrong clock makes images wait and never rushes them. A clock that is
// behind makes what is first seen meanwhile look older by as much once it is right.
//
// What it refuses: to know what a tag or a policy is, and to go to a registry.
package ledger

import (
	"errors"
	"time"
)

const (
	// keepGone is how long a tag is remembered that is listed no more. A registry that
	// lists half of its tags today doesn't make them young tomorrow.
	keepGone = 30 * 24 * time.Hour
	// keepRepository is how long a repository is remembered that nobody asks about.
	keepRepository = 180 * 24 * time.Hour
	// touchEvery is how exactly it is known when a repository was last asked about.
	touchEvery = 24 * time.Hour
	// keepDigests bounds the digests remembered of one tag; the oldest are dropped, and
	// are new should they come back.
	keepDigests = 32
	// maxName bounds the bytes of a repository, a tag and a digest.
	maxName = 4096
)

// What callers branch on, by errors.Is.
var (
	// ErrInUse: another process has the ledger open.
	ErrInUse = errors.New("the ledger is in use by another process")
	// ErrInput: a name is empty or too long, or a listing isn't sorted and unique.
	ErrInput = errors.New("not usable as a ledger's entry")
	// ErrDamaged: the file can't be read any more, as when its disk is failing. The
	// ledger does nothing from then on; Open looks through the file and begins a new one
	// where it must.
	ErrDamaged = errors.New("the ledger is damaged")
)

// Report is what an observation changed.
type Report struct {
	First bool // the repository hadn't been listed before: its tags are bootstrapped
	New   int  // tags that the ledger didn't know
	Gone  int  // tags that the listing before had and this one hasn't
}

// Sighting is since when a tag has stood for a digest.
type Sighting struct {
	Since time.Time // UTC, never in the future
	// Bootstrapped says that Since is only when the repository was first listed: the
	// image's own creation time is the better guess, for Settle.
	Bootstrapped bool
	// Settled says that Since is what the image says, by Settle.
	Settled bool
}
