package forgetest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// The routes under which faults and the request log know Git's requests.
const (
	RouteGitRefs  = "GIT info/refs"
	RouteGitFetch = "GIT git-upload-pack"
	RouteGitPush  = "GIT git-receive-pack"
)

func gitRoute(r *http.Request) string {
	switch {
	case strings.HasSuffix(r.URL.Path, "/git-upload-pack"):
		return RouteGitFetch
	case strings.HasSuffix(r.URL.Path, "/git-receive-pack"):
		return RouteGitPush
	default:
		return RouteGitRefs
	}
}

// maxPush bounds what one push may send.
const maxPush = 1 << 30

// serveGit speaks the smart HTTP protocol (gitprotocol-http(5)), handing its
// matter to the real git, request by request.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	before, after, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".git/")
	owner, name, _ := strings.Cut(before, "/")
	service := r.URL.Query().Get("service")
	if after != "info/refs" {
		service = after
	}
	if service != "git-upload-pack" && service != "git-receive-pack" {
		http.Error(w, "Please upgrade your git client.", http.StatusForbidden)
		return
	}
	repo, user, status := s.gitAccess(r, owner, name, service == "git-receive-pack")
	if status != 0 {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
		}
		http.Error(w, gitRefusal(status), status)
		return
	}
	w.Header().Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	switch {
	case after == "info/refs" && r.Method == http.MethodGet:
		s.advertise(w, r, repo, service)
	case r.Method != http.MethodPost:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	case service == "git-upload-pack":
		s.uploadPack(w, r, repo)
	default:
		s.receivePack(w, r, repo, user)
	}
}

func gitRefusal(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Invalid username or token."
	case http.StatusForbidden:
		return "Permission denied."
	default:
		return "Repository not found."
	}
}

// gitAccess finds the repository, and the status with which to refuse, or 0.
func (s *Server) gitAccess(r *http.Request, owner, name string, write bool) (*Repo, *User, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, known := s.user(r)
	repo := s.find(owner, name)
	switch {
	case !known:
		return nil, nil, http.StatusUnauthorized
	case user == nil && (write || repo == nil || repo.private):
		return nil, nil, http.StatusUnauthorized // so that git asks for a password
	case repo == nil || repo.private && user.Permission < PermissionRead:
		return nil, nil, http.StatusNotFound
	case write && user.Permission < PermissionWrite:
		return nil, nil, http.StatusForbidden
	}
	return repo, user, 0
}

func (s *Server) advertise(w http.ResponseWriter, r *http.Request, repo *Repo, service string) {
	cmd := s.git.command(r.Context(), repo.dir, strings.TrimPrefix(service, "git-"), "--stateless-rpc", "--advertise-refs", ".")
	cmd.Env = append(cmd.Env, protocol(r)...)
	out, err := cmd.Output()
	if err != nil {
		http.Error(w, "git failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	line := "# service=" + service + "\n"
	answer := append(fmt.Appendf(nil, "%04x%s0000", len(line)+4, line), out...)
	_, _ = w.Write(answer) // #nosec G705 -- git's answer, under a type that no browser renders
}

func (s *Server) uploadPack(w http.ResponseWriter, r *http.Request, repo *Repo) {
	body, err := gitBody(r)
	if err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	cmd := s.git.command(r.Context(), repo.dir, "upload-pack", "--stateless-rpc", ".")
	cmd.Env = append(cmd.Env, protocol(r)...)
	cmd.Stdin, cmd.Stdout = body, w
	w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
	if err := cmd.Run(); err != nil {
		// git has told the client in the stream, or the client has left.
		s.log.Debug("serving a fetch", "repository", repo.FullName(), "error", err)
	}
}

// receivePack takes a push. The answer waits until pull requests have followed:
// a client that has seen its push succeed finds the pull request up to date.
func (s *Server) receivePack(w http.ResponseWriter, r *http.Request, repo *Repo, user *User) {
	body, err := gitBody(r)
	if err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	repo.push.Lock()
	defer repo.push.Unlock()
	cmd := s.git.command(r.Context(), repo.dir, "receive-pack", "--stateless-rpc", ".")
	cmd.Env = append(cmd.Env, protocol(r)...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = body, &out
	if err := cmd.Run(); err != nil {
		s.log.Debug("serving a push", "repository", repo.FullName(), "error", err)
	}
	s.mu.Lock()
	repo.refresh(user)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
	_, _ = w.Write(out.Bytes())
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
