package ledger

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
)

// stand is a digest that a tag stood for.
type stand struct {
	digest       string
	since        int64
	bootstrapped bool
	settled      bool // the time is what the image says, by Settle
}

const sha256Prefix = "sha256:"

// readStands gives the digests that the tag is known to have stood for, oldest first.
func readStands(b *bbolt.Bucket, tag string) ([]stand, error) {
	value := b.Get([]byte(standPrefix + tag))
	if value == nil {
		return nil, nil
	}
	rest, err := unseal(value)
	if err != nil {
		return nil, err
	}
	r := chunkReader{rest: rest}
	var stands []stand
	for len(r.rest) > 0 && r.err == nil {
		head := r.uvarint() // the length; whether it is of sha256, bootstrapped, settled
		size := head >> 3
		if size > uint64(len(r.rest)) {
			return nil, errRecord
		}
		s := stand{digest: string(r.rest[:size]), bootstrapped: head&1 != 0, settled: head&4 != 0}
		if head&2 != 0 {
			s.digest = sha256Prefix + hex.EncodeToString(r.rest[:size])
		}
		r.rest = r.rest[size:]
		s.since = r.varint()
		stands = append(stands, s)
	}
	return stands, r.err
}

// putStands writes the digests of the tag, the newest keepDigests of them.
func putStands(b *bbolt.Bucket, tag string, stands []stand) error {
	value := make([]byte, 4, 4+40*len(stands))
	for _, s := range stands[max(0, len(stands)-keepDigests):] {
		digest, flags := []byte(s.digest), uint64(0)
		if raw, ok := rawSHA256(s.digest); ok {
			digest, flags = raw, 2
		}
		if s.bootstrapped {
			flags |= 1
		}
		if s.settled {
			flags |= 4
		}
		value = binary.AppendUvarint(value, uint64(len(digest))<<3|flags)
		value = append(value, digest...)
		value = binary.AppendVarint(value, s.since)
	}
	return b.Put([]byte(standPrefix+tag), seal(value))
}

// rawSHA256 gives the bytes of a digest that is written as such digests are.
func rawSHA256(digest string) ([]byte, bool) {
	text, ok := strings.CutPrefix(digest, sha256Prefix)
	if !ok || len(text) != 64 {
		return nil, false
	}
	raw, err := hex.DecodeString(text)
	return raw, err == nil && hex.EncodeToString(raw) == text
}

func indexOf(stands []stand, digest string) int {
	return slices.IndexFunc(stands, func(s stand) bool { return s.digest == digest })
}
