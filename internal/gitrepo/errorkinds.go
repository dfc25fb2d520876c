package gitrepo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"

	"github.com/towline-dev/towline/internal/gitrepo/proxy"
	"github.com/towline-dev/towline/internal/gitrepo/sshclient"
)

// kindOfDoor classifies what happens on the way to a remote, before it is asked for
// anything: at a proxy, at an SSH host's door, in a TLS handshake. Much of that would
// else look like trouble of the network and be tried again.
func kindOfDoor(err error) (kind error, ok bool) { //nolint:revive // the error is what is looked up, not a failure
	var hostKey *sshclient.HostKeyError
	var signIn *sshclient.AuthError
	var through *proxy.Error
	switch {
	case errors.As(err, &hostKey):
		return ErrHostKey, true
	case errors.As(err, &signIn), wantsCertificate(err):
		return ErrAuth, true
	case errors.As(err, &through):
		switch {
		case through.Status == http.StatusProxyAuthRequired, through.Status == http.StatusForbidden:
			return ErrAuth, true
		case through.Status >= 500, through.Status == http.StatusTooManyRequests:
			return ErrUnavailable, true
		}
		return nil, true
	}
	return nil, false
}

// wantsCertificate tells whether a TLS server has ended the handshake for the client's
// certificate or the want of one, by the number of its alert (RFC 8446, section 6.2).
// crypto/tls has a type for alerts and doesn't export it, so the number is read from
// whatever is of a byte's kind.
func wantsCertificate(err error) bool {
	var ended *net.OpError
	if !errors.As(err, &ended) || ended.Op != "remote error" {
		return false
	}
	alert := reflect.ValueOf(ended.Err)
	if alert.Kind() != reflect.Uint8 {
		return false
	}
	switch alert.Uint() {
	case 42, 44, 45, 46, 48, 49, 116: // bad, revoked, expired, unknown, of an unknown CA, access denied, required
		return true
	}
	return false
}

func isTemporary(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

func isNetwork(err error) bool {
	var certificate *tls.CertificateVerificationError
	var redirect *redirectError
	if errors.As(err, &certificate) || errors.As(err, &redirect) || errors.Is(err, errRedirects) {
		return false // neither mends itself
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)
}

// tokenError is a token that Auth.Token couldn't give. It is temporary where its
// cause is a network's.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "asking for a token: " + e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// redirectError is a redirect that isn't followed.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("the remote redirects to %s, which is another origin (hint: configure that URL)", e.to)
}

// errRedirects is a redirect too many.
var errRedirects = errors.New("the remote redirects in a circle, or too often")
