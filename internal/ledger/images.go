package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// imageCost is what an image takes in bookkeeping, in bytes, more or less.
const imageCost = 64

// Images is a cache in the ledger's file for what is known of images by their digest,
// which never changes. It keeps Options.ImageBytes, and drops what was put first.
type Images struct{ ledger *Ledger }

// Images gives the cache.
func (l *Ledger) Images() *Images { return &Images{ledger: l} }

// Get gives the caller's own copy of what was put under the key. What can't be read is
// not there, and the log says so.
func (i *Images) Get(key string) ([]byte, bool) {
	var value []byte
	err := i.ledger.view(func(tx *bbolt.Tx) error {
		stored := tx.Bucket([]byte(imageBucket)).Get([]byte(key))
		if stored == nil {
			return nil
		}
		rest, err := unseal(stored)
		if err != nil || len(rest) < 8 {
			return fmt.Errorf("%w: image %q", errRecord, key)
		}
		value = append(make([]byte, 0, len(rest)-8), rest[8:]...)
		return nil
	})
	if err != nil {
		i.ledger.opts.Log.Warn("what is known of an image can't be read", "key", key, "err", err)
	}
	return value, value != nil
}

// Put stores the value under the key. It never fails the caller: what can't be stored
// isn't, and the log says so.
func (i *Images) Put(key string, value []byte) {
	err := check(key)
	if size := imageSize(len(key), len(value)); err == nil && size > i.ledger.opts.ImageBytes {
		err = fmt.Errorf("%w: it takes %d bytes, all may take %d", ErrInput, size, i.ledger.opts.ImageBytes)
	}
	if err == nil {
		err = i.ledger.update(func(tx *bbolt.Tx) error { return putImage(tx, key, value, i.ledger.opts.ImageBytes) })
	}
	if err != nil {
		i.ledger.opts.Log.Warn("what is known of an image isn't stored", "key", key, "err", err)
	}
}

func imageSize(key, value int) int64 { return int64(key) + int64(value) + imageCost }

// putImage stores a value as sum, place in the order and content. The sequence of the
// bucket of the order counts the places, that of the images the bytes that they take.
func putImage(tx *bbolt.Tx, key string, value []byte, most int64) error {
	images, order := tx.Bucket([]byte(imageBucket)), tx.Bucket([]byte(imageOrderBucket))
	if stored := images.Get([]byte(key)); stored != nil {
		if rest, err := unseal(stored); err == nil && len(rest) >= 8 && bytes.Equal(rest[8:], value) {
			return nil
		}
		if err := dropImage(images, order, []byte(key), stored); err != nil {
			return err
		}
	}
	size := imageSize(len(key), len(value))
	if err := makeRoom(images, order, most-size); err != nil {
		return err
	}
	place, err := order.NextSequence()
	if err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 4, 12+len(value)), place)
	if err := order.Put(b[4:12], []byte(key)); err != nil {
		return err
	}
	if err := images.Put([]byte(key), seal(append(b, value...))); err != nil {
		return err
	}
	return images.SetSequence(images.Sequence() + uint64(size)) //nolint:gosec // G115: a length
}

// makeRoom drops the oldest until all take no more than so many bytes.
func makeRoom(images, order *bbolt.Bucket, most int64) error {
	//nolint:gosec // G115: neither is negative
	for images.Sequence() > uint64(most) {
		place, key := order.Cursor().First()
		if place == nil {
			return images.SetSequence(0)
		}
		place, key = bytes.Clone(place), bytes.Clone(key)
		stored := images.Get(key)
		if len(stored) >= 12 && bytes.Equal(stored[4:12], place) {
			if err := dropImage(images, order, key, stored); err != nil {
				return err
			}
		} else if err := order.Delete(place); err != nil { // of an image that was damaged
			return err
		}
	}
	return nil
}

func dropImage(images, order *bbolt.Bucket, key, stored []byte) error {
	size := uint64(imageSize(len(key), max(0, len(stored)-12))) //nolint:gosec // G115: a length
	if len(stored) >= 12 {
		if err := order.Delete(bytes.Clone(stored[4:12])); err != nil {
			return err
		}
	}
	if err := images.Delete(key); err != nil {
		return err
	}
	return images.SetSequence(images.Sequence() - min(size, images.Sequence()))
}
