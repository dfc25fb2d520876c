package bare

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// The routes under which faults and logs of requests know Git's requests.
const (
	RouteRefs  = "GIT info/refs"
	RouteFetch = "GIT git-upload-pack"
	RoutePush  = "GIT git-receive-pack"
)

// Route names the route of a request for Git.
func Route(r *http.Request) string {
	switch {
	case strings.HasSuffix(r.URL.Path, "/git-upload-pack"):
		return RouteFetch
	case strings.HasSuffix(r.URL.Path, "/git-receive-pack"):
		return RoutePush
	default:
		return RouteRefs
	}
}

// Target is what a request of the smart HTTP protocol (gitprotocol-http(5)) is for.
type Target struct {
	Path    string // the repository's, without .git
	Service string // git-upload-pack or git-receive-pack
	refs    bool   // of the service, only what there is
}

// Push tells whether something would be written.
func (t Target) Push() bool { return t.Service == "git-receive-pack" }

// Parse reads the request's address; !ok means that it isn't the smart protocol.
func Parse(r *http.Request) (target Target, ok bool) {
	path, after, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".git/")
	t := Target{Path: path, Service: after, refs: after == "info/refs"}
	if t.refs {
		t.Service = r.URL.Query().Get("service")
	}
	return t, t.Service == "git-upload-pack" || t.Service == "git-receive-pack"
}

// Refuse refuses a request in the way from which git makes a message, or a question
// for a password.
func Refuse(w http.ResponseWriter, status int) {
	text := "Repository not found."
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
		text = "Invalid username or token."
	case http.StatusForbidden:
		text = "Permission denied."
	}
	http.Error(w, text, status)
}

// maxPush bounds what one push may send.
const maxPush = 1 << 30

// Serve hands the request's matter to the real git. After a push, pushed is called
// before the client has its answer, so that a client that has seen its push succeed
// finds everything up to date. An error is git's own, of which the client has been told.
func (r Repo) Serve(w http.ResponseWriter, req *http.Request, t Target, pushed func()) error {
	w.Header().Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	switch {
	case t.refs && req.Method == http.MethodGet:
		return r.advertise(w, req, t.Service)
	case req.Method != http.MethodPost:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return nil
	}
	body, err := gitBody(req)
	if err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return err
	}
	ctx := req.Context()
	if t.Push() {
		// A git that is killed while it writes leaves its locks behind for ever. As at a
		// forge, a push whose client has gone comes to its end.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), gitTimeout)
		defer cancel()
	}
	cmd := r.Git.Command(ctx, r.Dir, strings.TrimPrefix(t.Service, "git-"), "--stateless-rpc", ".")
	cmd.Env = append(cmd.Env, protocol(req)...)
	cmd.Stdin, cmd.Stdout = body, w
	w.Header().Set("Content-Type", "application/x-"+t.Service+"-result")
	if !t.Push() {
		return cmd.Run()
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	err = cmd.Run()
	pushed()
	_, _ = w.Write(out.Bytes())
	return err
}

func (r Repo) advertise(w http.ResponseWriter, req *http.Request, service string) error {
	cmd := r.Git.Command(req.Context(), r.Dir, strings.TrimPrefix(service, "git-"), "--stateless-rpc", "--advertise-refs", ".")
	cmd.Env = append(cmd.Env, protocol(req)...)
	out, err := cmd.Output()
	if err != nil {
		http.Error(w, "git failed", http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	line := "# service=" + service + "\n"
	answer := append(fmt.Appendf(nil, "%04x%s0000", len(line)+4, line), out...)
	_, _ = w.Write(answer) // #nosec G705 -- git's answer, under a type that no browser renders
	return nil
}

func gitBody(r *http.Request) (io.Reader, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	}
	return io.LimitReader(body, maxPush), nil
}

// protocol hands the client's wish for a protocol version to git.
func protocol(r *http.Request) []string {
	version := r.Header.Get("Git-Protocol")
	if version == "" || strings.ContainsAny(version, "\x00\n") {
		return nil
	}
	return []string{"GIT_PROTOCOL=" + version}
}
