package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// The buckets of the file. That of a format marks a file as a ledger of this version:
// its name changes when what is in the others does.
const (
	formatBucket     = "towline-ledger-1"
	repositoryBucket = "repositories" // a bucket each
	imageBucket      = "images"
	imageOrderBucket = "image-order"
)

// The keys in a repository's bucket.
const (
	headKey     = "h"
	tagPrefix   = "t" // and a chunk's first tag: the chunk
	standPrefix = "s" // and a tag: the digests it has stood for
)

// head is what is remembered of a repository as a whole.
type head struct {
	used   int64    // when it was last asked about, to within touchEvery
	listed bool     // it was observed; what follows is of the last observation
	gone   int64    // since when the first of the tags that aren't listed is gone; 0: all are
	sum    [16]byte // of the listing
}

func (h head) encode() []byte {
	b := binary.AppendVarint(make([]byte, 4, 40), h.used)
	if h.listed {
		b = binary.AppendVarint(b, h.gone)
		b = append(b, h.sum[:]...)
	}
	return seal(b)
}

// readHead gives the head of a repository's bucket; a new one has an empty head.
func readHead(b *bbolt.Bucket) (head, error) {
	value := b.Get([]byte(headKey))
	if value == nil {
		return head{}, nil
	}
	rest, err := unseal(value)
	if err != nil {
		return head{}, err
	}
	r := chunkReader{rest: rest}
	h := head{used: r.varint()}
	if h.listed = len(r.rest) > 0; h.listed {
		h.gone = r.varint()
		if copy(h.sum[:], r.rest) != len(h.sum) {
			return head{}, errRecord
		}
	}
	return h, r.err
}

// touched tells whether the head needn't be written for being used now. One that says
// that it was used in the future must: the clock was wrong.
func (h head) touched(now int64) bool {
	return h.used <= now && now-h.used < int64(touchEvery.Seconds())
}

func repositoryOf(tx *bbolt.Tx, repository string) *bbolt.Bucket {
	return tx.Bucket([]byte(repositoryBucket)).Bucket([]byte(repository))
}

// change writes to a repository's bucket, which is made where there is none. One of
// which a record is damaged begins anew, as if it hadn't been seen before.
func (l *Ledger) change(repository string, do func(*bbolt.Bucket) error) error {
	err := l.update(func(tx *bbolt.Tx) error {
		b, err := tx.Bucket([]byte(repositoryBucket)).CreateBucketIfNotExists([]byte(repository))
		if err != nil {
			return err
		}
		return do(b)
	})
	if !errors.Is(err, errRecord) {
		return err
	}
	l.opts.Log.Warn("what the ledger holds of a repository is damaged and begins anew", "repository", repository)
	return l.update(func(tx *bbolt.Tx) error {
		all := tx.Bucket([]byte(repositoryBucket))
		if err := all.DeleteBucket([]byte(repository)); err != nil {
			return err
		}
		b, err := all.CreateBucket([]byte(repository))
		if err != nil {
			return err
		}
		return do(b)
	})
}

// forget drops the repositories that nobody has asked about for keepRepository, by the
// clock and by when others were asked about: a clock that is wrong at the start isn't
// enough.
func (l *Ledger) forget() error {
	last, used := int64(0), map[string]int64{}
	err := l.view(func(tx *bbolt.Tx) error {
		all := tx.Bucket([]byte(repositoryBucket))
		return all.ForEachBucket(func(name []byte) error {
			h, err := readHead(all.Bucket(name))
			if errors.Is(err, errRecord) {
				return nil // it begins anew when it is next asked about
			}
			used[string(name)], last = h.used, max(last, h.used)
			return err
		})
	})
	if err != nil {
		return err
	}
	limit := min(last, l.seconds()) - int64(keepRepository.Seconds())
	var old []string
	for name, at := range used {
		if at < limit {
			old = append(old, name)
		}
	}
	if len(old) == 0 {
		return nil
	}
	return l.update(func(tx *bbolt.Tx) error {
		for _, name := range old {
			if err := tx.Bucket([]byte(repositoryBucket)).DeleteBucket([]byte(name)); err != nil {
				return fmt.Errorf("forgetting %q: %w", name, err)
			}
		}
		return nil
	})
}
