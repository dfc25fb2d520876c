package packfile

import (
	"crypto/sha1" //nolint:gosec // the checksum at a pack's end is against accidents
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
)

// source reads the pack as it comes, and copies what was read into the file. It hands
// out single bytes cheaply, so that inflating never reads past an object's end.
type source struct {
	r   io.Reader
	w   io.Writer
	sum hash.Hash
	crc uint32

	buf      []byte
	from, to int   // what is in buf and wasn't handed out
	kept     int   // what was handed out of buf and copied
	before   int64 // bytes before buf
	err      error // of w: what was read is lost
}

func newSource(r io.Reader, w io.Writer) *source {
	return &source{r: r, w: w, sum: sha1.New(), buf: make([]byte, 64<<10)} //nolint:gosec // see above
}

// place is how many bytes were handed out.
func (s *source) place() int64 { return s.before + int64(s.from) }

// keep copies and sums up what was handed out.
func (s *source) keep() error {
	if s.err != nil {
		return s.err
	}
	done := s.buf[s.kept:s.from]
	s.kept = s.from
	s.sum.Write(done)
	s.crc = crc32.Update(s.crc, crc32.IEEETable, done)
	_, s.err = s.w.Write(done)
	return s.err
}

func (s *source) fill() error {
	if err := s.keep(); err != nil {
		return err
	}
	s.before += int64(s.from)
	s.from, s.to, s.kept = 0, 0, 0
	for range 100 {
		n, err := s.r.Read(s.buf)
		s.to = n
		switch {
		case n > 0:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF // a pack says itself where it ends
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	if s.from == s.to {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	b := s.buf[s.from]
	s.from++
	return b, nil
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.from == s.to {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.buf[s.from:s.to])
	s.from += n
	return n, nil
}

// mark begins a new CRC.
func (s *source) mark() error {
	err := s.keep()
	s.crc = 0
	return err
}

// finish compares the checksum at the pack's end with the sum of what came.
func (s *source) finish() (plumbing.Hash, error) {
	if err := s.keep(); err != nil {
		return plumbing.ZeroHash, err
	}
	var said, got plumbing.Hash
	copy(got[:], s.sum.Sum(nil))
	if _, err := io.ReadFull(s, said[:]); err != nil {
		return said, err
	}
	if said != got {
		return said, fmt.Errorf("the checksum doesn't match: %w", ErrMalformed)
	}
	return said, s.keep()
}
