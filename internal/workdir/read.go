package workdir

import (
	"errors"
	"io"
	"os"
)

// keptBuffer is the largest buffer that a worker keeps for the next file, in bytes.
const keptBuffer = 1 << 20

// errNotRegular says that something else than a file stands where one was expected.
var errNotRegular = errors.New("it is not a regular file")

// reader reads one file after the other into one buffer.
type reader struct{ buf []byte }

// content is what was read of a file.
type content struct {
	data []byte   // of a file of at most MaxFile bytes; valid until the next one is read
	rest *os.File // of a larger one: its content, from the beginning
	size int64
}

// fill reads to the end what has about size bytes. A regular file gives less than it is
// asked for only at its end.
func (r *reader) fill(from io.Reader, size int64) ([]byte, error) {
	if len(r.buf) > keptBuffer {
		r.buf = nil
	}
	n := 0
	for {
		// One byte more than the size tells the end without reading again.
		if need := max(int(size), n) + 1; need > len(r.buf) {
			grown := make([]byte, max(need, 2*len(r.buf), 16<<10))
			copy(grown, r.buf[:n])
			r.buf = grown
		}
		got, err := from.Read(r.buf[n:])
		n += got
		switch {
		case errors.Is(err, io.EOF), err == nil && n < len(r.buf):
			return r.buf[:n:n], nil
		case err != nil:
			return nil, err
		case n > MaxFile:
			return nil, errors.New("it grows while it is read")
		}
	}
}
