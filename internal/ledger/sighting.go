package ledger

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// errUnknown: what is asked about isn't in the ledger, or is to be written.
var errUnknown = errors.New("not in the ledger")

// Sighting tells since when the tag has stood for the digest, and records it when that
// is news. The first digest that is asked about takes the time of the tag. Another one
// is new from now on: a tag that is pushed again is young again. One that the tag stood
// for before has its own time. A tag that no listing had is new from now on or, in a
// repository that was never listed, bootstrapped.
func (l *Ledger) Sighting(repository, tag, digest string) (Sighting, error) {
	if err := check(repository, tag, digest); err != nil {
		return Sighting{}, err
	}
	now := l.seconds()
	var found stand
	err := l.view(func(tx *bbolt.Tx) error {
		b := repositoryOf(tx, repository)
		if b == nil {
			return errUnknown
		}
		if h, err := readHead(b); err != nil || !h.touched(now) {
			return errUnknown
		}
		stands, err := readStands(b, tag)
		if i := indexOf(stands, digest); i >= 0 {
			found = stands[i]
			return err
		}
		return errUnknown
	})
	if errors.Is(err, errUnknown) {
		err = l.change(repository, func(b *bbolt.Bucket) error {
			found, err = sight(b, tag, digest, now)
			return err
		})
	}
	if err != nil {
		return Sighting{}, fmt.Errorf("looking up %s@%s of %q: %w", tag, digest, repository, err)
	}
	return Sighting{Since: time.Unix(min(found.since, now), 0).UTC(), Bootstrapped: found.bootstrapped, Settled: found.settled}, nil
}

// sight finds or records what the tag stands for, and that the repository is in use.
func sight(b *bbolt.Bucket, tag, digest string, now int64) (stand, error) {
	h, err := readHead(b)
	if err != nil {
		return stand{}, err
	}
	if !h.touched(now) {
		h.used = now
		if err := b.Put([]byte(headKey), h.encode()); err != nil {
			return stand{}, err
		}
	}
	stands, err := readStands(b, tag)
	if err != nil {
		return stand{}, err
	}
	if i := indexOf(stands, digest); i >= 0 {
		return stands[i], nil
	}
	s := stand{digest: digest, since: now}
	if len(stands) == 0 {
		e, known, err := lookUp(b, tag)
		switch {
		case err != nil:
			return stand{}, err
		case known:
			s.since, s.bootstrapped = e.since, e.bootstrapped
		default:
			s.bootstrapped = !h.listed
		}
	}
	return s, putStands(b, tag, append(stands, s))
}

// lookUp finds the tag in the chunk that it would stand in.
func lookUp(b *bbolt.Bucket, tag string) (entry, bool, error) {
	c, want := b.Cursor(), tagPrefix+tag
	key, value := c.Seek([]byte(want))
	switch {
	case key == nil:
		key, value = c.Last()
	case string(key) != want:
		key, value = c.Prev()
	}
	if len(key) == 0 || key[0] != tagPrefix[0] {
		return entry{}, false, nil
	}
	return find(value, tag)
}

// Settle records since when a bootstrapped sighting really is, as its image says, so
// that it is worked out once: it is no longer bootstrapped then. A time later than the
// one that the ledger has, or in the future, is not believed: the ledger's stays. What
// isn't bootstrapped is left alone.
func (l *Ledger) Settle(repository, tag, digest string, since time.Time) error {
	if err := check(repository, tag, digest); err != nil {
		return err
	}
	now := l.seconds()
	err := l.change(repository, func(b *bbolt.Bucket) error {
		stands, err := readStands(b, tag)
		if err != nil {
			return err
		}
		i := indexOf(stands, digest)
		if i < 0 || !stands[i].bootstrapped {
			return nil
		}
		stands[i].settled = since.Unix() < min(stands[i].since, now)
		stands[i].since, stands[i].bootstrapped = min(since.Unix(), stands[i].since, now), false
		return putStands(b, tag, stands)
	})
	if err != nil {
		return fmt.Errorf("settling the age of %s@%s of %q: %w", tag, digest, repository, err)
	}
	return nil
}
