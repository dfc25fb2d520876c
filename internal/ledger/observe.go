package ledger

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// Observe records a complete listing of a repository: its tags, sorted by bytes and each
// once, ErrInput otherwise. Tags that the ledger doesn't know are first seen now. Those
// that it knows and that aren't listed are gone, and are forgotten 30 days after that;
// until then they keep their time should they come back. A listing that is the same as
// the last isn't written.
func (l *Ledger) Observe(repository string, tags []string) (Report, error) {
	if err := check(repository); err != nil {
		return Report{}, err
	}
	sum, err := sumOf(tags)
	if err != nil {
		return Report{}, fmt.Errorf("recording the tags of %q: %w", repository, err)
	}
	now := l.seconds()
	same := false
	err = l.view(func(tx *bbolt.Tx) error {
		if b := repositoryOf(tx, repository); b != nil {
			h, err := readHead(b)
			same = err == nil && h.listed && h.sum == sum && h.touched(now) && !due(h.gone, now)
		}
		return nil // a damaged one is seen to where it is written
	})
	if err != nil || same {
		return Report{}, err
	}
	var report Report
	err = l.change(repository, func(b *bbolt.Bucket) error {
		report, err = observe(b, tags, sum, now)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("recording the tags of %q: %w", repository, err)
	}
	return report, nil
}

func observe(b *bbolt.Bucket, tags []string, sum [16]byte, now int64) (Report, error) {
	h, err := readHead(b)
	if err != nil {
		return Report{}, err
	}
	m := merge{bucket: b, now: now, report: Report{First: !h.listed}}
	if !h.listed || h.sum != sum || due(h.gone, now) {
		if err := m.run(tags); err != nil {
			return Report{}, err
		}
		h.gone = m.gone
	}
	h.listed, h.sum, h.used = true, sum, now
	return m.report, b.Put([]byte(headKey), h.encode())
}

// due tells whether a tag that has been gone since then is to be forgotten.
func due(gone, now int64) bool { return gone != 0 && now-gone >= int64(keepGone.Seconds()) }

// sumOf gives a sum of the listing, and sees that it is one.
func sumOf(tags []string) (sum [16]byte, err error) {
	hash := sha256.New()
	w := bufio.NewWriterSize(hash, 8<<10)
	for i, tag := range tags {
		if err := check(tag); err != nil {
			return sum, err
		}
		if i > 0 && tags[i-1] >= tag {
			return sum, fmt.Errorf("%w: %q stands behind %q", ErrInput, tag, tags[i-1])
		}
		// The length keeps tags apart whatever they hold. Errors stay until Flush.
		_ = w.WriteByte(byte(len(tag)))      //nolint:gosec // G115: the low byte
		_ = w.WriteByte(byte(len(tag) >> 8)) //nolint:gosec // G115: bounded by check
		_, _ = w.WriteString(tag)
	}
	if err := w.Flush(); err != nil {
		return sum, errors.Join(ErrInput, err)
	}
	copy(sum[:], hash.Sum(nil))
	return sum, nil
}
