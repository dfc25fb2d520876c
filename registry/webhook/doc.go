// Package webhook receives what registries announce: that an image was pushed. Each
// sender has a file with a parser of its format, and a way to show that it is the one
// who it says it is. A Receiver is the http.Handler in front of one parser.
//
// An announcement is a hint and no more. It says where to look, and whoever gets it asks
// the registry; nothing is chosen by what a body says. So one that comes twice, or that
// was recorded and sent again, costs a scan and changes nothing.
//
// The package doesn't know what is done about a push, and keeps nothing. It never calls
// an address that a body names, such as Docker Hub's callback_url.
package webhook

import (
	"errors"
	"fmt"
	"net/http"
)

// Push is one announcement.
type Push struct {
	// Repository is where the image lies, as image names write it, with its host and
	// without tag or digest: ghcr.io/acme/web. Docker Hub's are docker.io/NAMESPACE/NAME,
	// with the namespace library for official images.
	Repository string
	// Tag is "" where the sender names none, or none that an image can have.
	Tag string
	// Digest is ALGORITHM:HEX, and "" likewise.
	Digest string
}

// The answers to bodies that can't be used. Their texts go to the sender, so they say
// nothing of what it has sent.
var (
	errShape        = errors.New("the body isn't the JSON that this kind of webhook sends")
	errNoRepository = errors.New("the event names no repository that an image can have")
	errNoRegistry   = errors.New("the event names no registry (hint: set registry in the webhook's configuration)")
)

// Parse reads what a sender of the kind has sent: the headers that belong to the
// message, and the body. It gives each push once, in the order of the body, and none
// where the body speaks of something else: a pull, a deletion, a test.
//
// The registry takes the place of the host that the body names; "" leaves it. An error
// means that the body isn't of the kind's shape, or that no push in it names an image.
func Parse(kind Kind, registry string, header http.Header, body []byte) ([]Push, error) {
	s, known := kind.sender()
	if !known {
		return nil, fmt.Errorf("parsing a webhook: the kind %q isn't known", kind)
	}
	images, err := s.parse(message{header: header, body: body})
	if err != nil {
		return nil, err
	}
	return pushes(images, registry)
}
