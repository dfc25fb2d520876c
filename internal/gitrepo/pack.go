package gitrepo

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

// demultiplexed gives the pack out of an answer in which messages are mixed in.
func demultiplexed(caps *capability.List, answer io.Reader) io.Reader {
	switch {
	case caps.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, answer)
	case caps.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, answer)
	}
	return answer
}

// trackedReader tells a stream that broke from a disk that did, and bounds it for those
// transports that don't.
type trackedReader struct {
	r     io.Reader
	n     int64
	limit int64
	err   error
}

func (t *trackedReader) Read(p []byte) (int, error) {
	if t.n > t.limit {
		t.err = fmt.Errorf("more than %d bytes of a pack: %w", t.limit, ErrTooLarge)
		return 0, t.err
	}
	n, err := t.r.Read(p)
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// tailBuffer keeps the beginning of what a remote says during a push.
type tailBuffer struct{ text []byte }

func (b *tailBuffer) Write(p []byte) (int, error) {
	if room := maxErrorBytes - len(b.text); room > 0 {
		b.text = append(b.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}
