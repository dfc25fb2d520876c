package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/towline-dev/towline/internal/gitrepo/sshclient"
)

// maxRestBytes bounds what is read of an answer after its pack, so that the
// connection can be used again.
const maxRestBytes = 64 << 10

// sshSession is one run of git-upload-pack or git-receive-pack.
type sshSession struct {
	transport *sshTransport
	service   string

	conn  *sshConn
	cmd   *sshclient.Command
	out   *sshOutput
	refs  *packp.AdvRefs
	asked bool // the host has got a request, and ends by itself when it has answered
}

// AdvertisedReferences implements transport.Session.
func (s *sshSession) AdvertisedReferences() (*packp.AdvRefs, error) {
	return s.AdvertisedReferencesContext(context.Background())
}

// AdvertisedReferencesContext implements transport.Session. ctx bounds the whole
// session: when it ends, the connection does.
func (s *sshSession) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if s.refs != nil {
		return s.refs, nil
	}
	var err error
	if s.conn, s.cmd, err = s.transport.start(ctx, s.service); err != nil {
		return nil, err
	}
	s.out = &sshOutput{cmd: s.cmd, left: maxRefsBytes, seen: observationOf(ctx)}
	refs := packp.NewAdvRefs()
	var said *pktline.ErrorLine
	switch err := refs.Decode(s.out); {
	case errors.As(err, &said):
		return nil, newRemoteWords(said.Text, said)
	case errors.Is(err, packp.ErrEmptyAdvRefs) && s.service == transport.ReceivePackServiceName:
	case errors.Is(err, packp.ErrEmptyAdvRefs), err == nil && refs.IsEmpty() && s.service == transport.UploadPackServiceName:
		return nil, transport.ErrEmptyRemoteRepository
	case err != nil:
		return nil, err
	}
	transport.FilterUnsupportedCapabilities(refs.Capabilities)
	s.refs = refs
	return refs, nil
}

// UploadPack implements transport.UploadPackSession.
func (s *sshSession) UploadPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if req.IsEmpty() {
		return nil, transport.ErrEmptyUploadPackRequest
	}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	if _, err := s.AdvertisedReferencesContext(ctx); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := req.UploadRequest.Encode(&text); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	// No flush behind the haves: the host answers once, to "done".
	if err := req.UploadHaves.Encode(&text, false); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	if err := pktline.NewEncoder(&text).EncodeString("done\n"); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	if err := s.ask(func(w io.Writer) error { _, err := text.WriteTo(w); return err }); err != nil {
		return nil, err
	}
	s.out.left = min(maxHeadBytes, s.transport.maxPackBytes)
	answer := packp.NewUploadPackResponse(req)
	if err := answer.Decode(io.NopCloser(s.out)); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	s.out.left = s.transport.maxPackBytes
	return answer, nil
}

// ReceivePack implements transport.ReceivePackSession.
func (s *sshSession) ReceivePack(ctx context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	if _, err := s.AdvertisedReferencesContext(ctx); err != nil {
		return nil, err
	}
	if err := s.ask(func(w io.Writer) error { return req.Encode(w) }); err != nil {
		return nil, err
	}
	s.out.left = maxReportBytes
	report := packp.NewReportStatus()
	if err := report.Decode(withoutProgress(req, s.out)); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	return report, report.Error()
}

// withoutProgress gives the report out of an answer in which the hooks' messages are
// mixed in, and those to whoever wants them.
func withoutProgress(req *packp.ReferenceUpdateRequest, answer io.Reader) io.Reader {
	demuxed := demultiplexed(req.Capabilities, answer)
	if d, ok := demuxed.(*sideband.Demuxer); ok {
		d.Progress = req.Progress
	}
	return demuxed
}

// ask writes a request. A host that doesn't read it to its end has mostly said why.
func (s *sshSession) ask(write func(io.Writer) error) error {
	s.asked = true
	err := write(s.cmd.Stdin)
	if err == nil {
		err = s.cmd.Stdin.Close()
	}
	if err == nil {
		return nil
	}
	if ended := s.out.end(); ended != nil {
		return ended
	}
	return fmt.Errorf("writing the request: %w", err)
}

// Close implements transport.Session. A connection whose command ended well is kept
// for the next one, any other is closed.
func (s *sshSession) Close() error {
	if s.cmd == nil {
		return nil
	}
	if !s.finish() {
		s.cmd.Abandon()
		return nil
	}
	s.transport.keep(s.conn)
	return nil
}

func (s *sshSession) finish() bool {
	if s.out.failed != nil {
		return false
	}
	if !s.asked { // a flush says that nothing is wanted
		if _, err := s.cmd.Stdin.Write(pktline.FlushPkt); err != nil {
			return false
		}
		if err := s.cmd.Stdin.Close(); err != nil {
			return false
		}
	}
	n, err := io.CopyN(io.Discard, s.cmd.Stdout, maxRestBytes)
	return n < maxRestBytes && errors.Is(err, io.EOF) && s.cmd.Wait() == nil
}

// sshOutput is what a command says, bounded. Its end is only an end where the command
// succeeded: the library has the same io.EOF for a connection that broke.
type sshOutput struct {
	cmd    *sshclient.Command
	left   int64
	seen   *observation
	failed error
}

func (o *sshOutput) Read(p []byte) (int, error) {
	if o.left <= 0 {
		return 0, o.fail(fmt.Errorf("reading the remote's answer: %w", ErrTooLarge))
	}
	if int64(len(p)) > o.left {
		p = p[:o.left]
	}
	n, err := o.cmd.Stdout.Read(p)
	o.left -= int64(n)
	switch {
	case n > 0: // an error beside it is one of asking for more, and the next read tells it
		return n, nil
	case errors.Is(err, io.EOF):
		if ended := o.end(); ended != nil {
			return 0, ended
		}
	case err != nil:
		return 0, o.fail(fmt.Errorf("reading the remote's answer: %w", err))
	}
	return 0, err
}

// end waits for the command and tells why it failed, nil if it didn't.
func (o *sshOutput) end() error {
	err := o.cmd.Wait()
	var exit *sshclient.ExitError
	if errors.As(err, &exit) {
		err = newRemoteWords(exit.Said, exit)
	}
	if err == nil {
		return nil
	}
	return o.fail(err)
}

func (o *sshOutput) fail(err error) error {
	o.failed = err
	o.seen.note(err)
	return err
}
