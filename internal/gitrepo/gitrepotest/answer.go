package gitrepotest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Advertise answers every question for references with lines of Git's protocol, each
// framed as a packet; an empty one is a flush.
func Advertise(lines ...string) func(http.ResponseWriter, *http.Request) bool {
	var body bytes.Buffer
	for _, line := range lines {
		packet(&body, line)
	}
	return func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, "/info/refs") {
			return false
		}
		w.Header().Set("Content-Type", "application/x-"+req.URL.Query().Get("service")+"-advertisement")
		_, _ = w.Write(body.Bytes()) // a client that went away is its own affair
		return true
	}
}

// Pack answers every request for a pack with what write writes; shallow is the commit
// of which the answer says that it brings no parents.
func Pack(shallow string, write func(pack io.Writer)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
			return false
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		packet(w, "shallow "+shallow)
		packet(w, "")
		packet(w, "NAK\n")
		write(sideband{w})
		packet(w, "")
		return true
	}
}

// packet writes a line as Git frames it. A client that went away is its own affair.
func packet(w io.Writer, line string) {
	if line == "" {
		_, _ = io.WriteString(w, "0000")
		return
	}
	_, _ = fmt.Fprintf(w, "%04x%s", len(line)+4, line)
}

// sideband frames what is written as the first of Git's three bands.
type sideband struct{ w http.ResponseWriter }

func (s sideband) Write(p []byte) (int, error) {
	const most = 65_000
	for rest := p; len(rest) > 0; {
		part := rest[:min(len(rest), most)]
		rest = rest[len(part):]
		if _, err := fmt.Fprintf(s.w, "%04x\x01%s", len(part)+5, part); err != nil {
			return 0, err
		}
	}
	return len(p), http.NewResponseController(s.w).Flush()
}
