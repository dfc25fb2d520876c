// Package gitrepotest serves real bare repositories over smart HTTP, by the real
// `git http-backend`, for tests: with authentication, with requests counted, and
// with the troubles that a network and a server can give. It needs git on the PATH.
package gitrepotest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/cgi" //nolint:gosec // the flaw that G504 knows of was mended in Go 1.6.3
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Server serves every repository that Create made.
type Server struct {
	// URL is the server's own address, without a slash at its end.
	URL string

	tb      testing.TB
	http    *httptest.Server
	root    string
	backend *cgi.Handler

	mu       sync.Mutex
	user     string
	password string
	fault    func(w http.ResponseWriter, req *http.Request) bool
	seen     []Request
}

// Request is one request that the server got.
type Request struct {
	Method, Path, Query string
	User, Password      string // from basic authentication
	Header              http.Header
}

// New starts a server that stops with the test.
func New(tb testing.TB) *Server { return start(tb, (*httptest.Server).Start) }

// NewTLS is New with a certificate of its own; see CA.
func NewTLS(tb testing.TB) *Server { return start(tb, (*httptest.Server).StartTLS) }

// NewMutualTLS is NewTLS for clients that show a certificate of one of these
// authorities; others don't get through the handshake.
func NewMutualTLS(tb testing.TB, clients *x509.CertPool) *Server {
	return start(tb, func(s *httptest.Server) {
		s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12}
		s.StartTLS()
	})
}

func start(tb testing.TB, listen func(*httptest.Server)) *Server {
	tb.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		tb.Fatalf("these tests need git: %v", err)
	}
	s := &Server{tb: tb, root: tb.TempDir()}
	s.backend = &cgi.Handler{
		Path:   git,
		Args:   []string{"http-backend"},
		Env:    append(environment(), "GIT_PROJECT_ROOT="+s.root, "GIT_HTTP_EXPORT_ALL=1"),
		Stderr: io.Discard,
	}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that hang up are part of the tests
	listen(s.http)
	tb.Cleanup(s.http.Close)
	s.URL = s.http.URL
	return s
}

// environment keeps the person's own configuration out of the tests.
func environment() []string {
	return []string{
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "HOME=" + os.TempDir(),
		"PATH=" + os.Getenv("PATH"),
	}
}

// serverConfig has nothing run in the background, and nothing wait for the disk: no
// test is about the server's power supply.
const serverConfig = "[http]\n\treceivepack = true\n[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[core]\n\tfsync = none\n"

// Create makes an empty repository and returns its URL.
func (s *Server) Create(name string) string {
	s.tb.Helper()
	dir := s.Dir(name)
	s.run(nil, "", "init", "--quiet", "--bare", "--initial-branch=main", "--template=", dir)
	config, err := os.OpenFile(filepath.Join(dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		s.tb.Fatal(err)
	}
	_, err = config.WriteString(serverConfig)
	if err := errors.Join(err, config.Close()); err != nil {
		s.tb.Fatal(err)
	}
	return s.URL + "/" + name + ".git"
}

// Dir is where a repository lies on disk.
func (s *Server) Dir(name string) string { return filepath.Join(s.root, name+".git") }

// Remove deletes a repository, for putting another in its place.
func (s *Server) Remove(name string) {
	s.tb.Helper()
	if err := os.RemoveAll(s.Dir(name)); err != nil {
		s.tb.Fatal(err)
	}
}

// Git runs git inside a repository and returns what it prints, without the last line
// end.
func (s *Server) Git(name string, args ...string) string {
	s.tb.Helper()
	return s.run(nil, s.Dir(name), args...)
}

// GitInput is Git with something on standard input.
func (s *Server) GitInput(name string, input []byte, args ...string) string {
	s.tb.Helper()
	return s.run(input, s.Dir(name), args...)
}

func (s *Server) run(input []byte, dir string, args ...string) string {
	s.tb.Helper()
	cmd := exec.CommandContext(s.tb.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(environment(),
		"GIT_AUTHOR_NAME=Pat", "GIT_AUTHOR_EMAIL=pat@example.com", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=Pat", "GIT_COMMITTER_EMAIL=pat@example.com", "GIT_COMMITTER_DATE=1700000000 +0000")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Head gives a branch's commit, or "" where there is no such branch.
func (s *Server) Head(name, branch string) string {
	s.tb.Helper()
	loose, err := os.ReadFile(filepath.Join(s.Dir(name), "refs", "heads", branch))
	if hash := strings.TrimSpace(string(loose)); err == nil && len(hash) == 40 {
		return hash // as most are, without a process
	}
	return s.Git(name, "for-each-ref", "--format=%(objectname)", "refs/heads/"+branch)
}

// File gives a file's content on a branch.
func (s *Server) File(name, branch, path string) string {
	s.tb.Helper()
	return s.run(nil, s.Dir(name), "show", "refs/heads/"+branch+":"+path)
}

// Hook installs a server-side hook, such as pre-receive.
func (s *Server) Hook(name, hook, script string) {
	s.tb.Helper()
	path := filepath.Join(s.Dir(name), "hooks", hook)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // a hook is a program
		s.tb.Fatal(err)
	}
}

// Requests returns what was asked since the last call.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// RequireAuth makes the server answer 401 to everybody else.
func (s *Server) RequireAuth(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user, s.password = user, password
}

func (s *Server) serve(w http.ResponseWriter, req *http.Request) {
	user, password, _ := req.BasicAuth()
	s.mu.Lock()
	s.seen = append(s.seen, Request{req.Method, req.URL.Path, req.URL.RawQuery, user, password, req.Header.Clone()})
	allowed := s.user == "" && s.password == "" || s.user == user && s.password == password
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, req) {
		return
	}
	if !allowed {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	s.backend.ServeHTTP(w, req)
}

// CA gives the certificate of a server that NewTLS made, in PEM.
func (s *Server) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw})
}
