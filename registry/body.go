package registry

import (
	"errors"
	"fmt"
	"io"
)

const (
	smallChunk = 4 << 10
	largeChunk = 1 << 20
)

// body is a whole answer's body, in chunks: it grows without being copied, by
// what has come and not by what was promised, and gives back what has been read.
type body struct {
	chunks [][]byte
	size   int64
}

// readBody reads all of r, up to most bytes. length is what the server promised, -1 for nothing.
func readBody(r io.Reader, length, most int64) (*body, error) {
	b := &body{}
	var chunk []byte // the last one
	for {
		if len(chunk) == cap(chunk) {
			b.chunks = append(b.chunks, nil)
			chunk = make([]byte, 0, b.nextChunk(length))
		}
		n, err := r.Read(chunk[len(chunk):cap(chunk)])
		chunk = chunk[:len(chunk)+n]
		b.chunks[len(b.chunks)-1] = chunk
		b.size += int64(n)
		switch {
		case b.size > most:
			return nil, fmt.Errorf("%w: the body is larger than %d bytes", ErrBadAnswer, most)
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return b, nil
		case err != nil:
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
	}
}

// nextChunk is how much to make room for. A promise is believed up to a point;
// with one byte more than promised, the end is seen without another chunk.
func (b *body) nextChunk(length int64) int64 {
	if left := length - b.size + 1; length >= 0 && left > 0 {
		return min(left, max(b.size, 16*smallChunk), largeChunk)
	}
	return min(max(b.size, smallChunk), largeChunk)
}

// Read implements io.Reader.
func (b *body) Read(into []byte) (int, error) {
	for len(b.chunks) > 0 && len(b.chunks[0]) == 0 {
		b.chunks[0] = nil
		b.chunks = b.chunks[1:]
	}
	if len(b.chunks) == 0 {
		return 0, io.EOF
	}
	n := copy(into, b.chunks[0])
	b.chunks[0] = b.chunks[0][n:]
	return n, nil
}

// WriteTo implements io.WriterTo, so that copying needs no buffer in between.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for len(b.chunks) > 0 {
		n, err := w.Write(b.chunks[0])
		written += int64(n)
		if err != nil {
			return written, err
		}
		b.chunks[0] = nil
		b.chunks = b.chunks[1:]
	}
	return written, nil
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.chunks = nil
	return nil
}
