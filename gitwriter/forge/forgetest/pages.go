package forgetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

const pullPage = "/{owner}/{repo}/pull/{number}"

func (s *Server) pageRoutes() *http.ServeMux {
	templates := template.Must(template.New("").Funcs(template.FuncMap{
		"inc":   func(n int) int { return n + 1 },
		"short": func(sha string) string { return sha[:min(7, len(sha))] },
		"first": func(text string) string { line, _, _ := strings.Cut(text, "\n"); return line },
		"when":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
	}).ParseFS(pageFiles, "pages/*.html"))
	show := func(name string, view func(*http.Request) (any, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { s.servePage(w, r, templates, name, view) }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", show("index.html", s.indexView))
	mux.HandleFunc("GET /{owner}/{repo}", show("repo.html", s.repoView))
	mux.HandleFunc("GET "+pullPage, show("pull.html", s.pullView))
	mux.HandleFunc("GET /{owner}/{repo}/issues/{number}", show("issue.html", s.issueView))
	mux.HandleFunc("GET /{owner}/{repo}/commit/{sha}", show("diff.html", s.commitView))
	mux.HandleFunc("GET /{owner}/{repo}/compare/{range...}", show("diff.html", s.compareView))
	mux.HandleFunc("GET /{owner}/{repo}/blob/{ref}/{path...}", show("file.html", s.fileView))
	mux.HandleFunc("POST "+pullPage+"/merge", s.mergeForm)
	return mux
}

// servePage renders into memory first, so that what fails fails as a whole.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, templates *template.Template, name string, view func(*http.Request) (any, error)) {
	if !s.local(r) {
		http.Error(w, "These pages are for this machine only.", http.StatusForbidden)
		return
	}
	s.mu.Lock()
	data, err := view(r)
	s.mu.Unlock()
	if err != nil {
		http.NotFound(w, r)
		return
	}
	var out strings.Builder
	if err := templates.ExecuteTemplate(&out, name, data); err != nil {
		s.log.Error("rendering a page", "page", name, "error", err)
		http.Error(w, "rendering the page", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(out.String()))
}

// local tells whether the request comes from this machine, and under a name of
// this machine: a foreign name that resolves to 127.0.0.1 is another site's page
// reaching for ours.
func (s *Server) local(r *http.Request) bool {
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !loopback(remote) {
		return false
	}
	host := (&url.URL{Host: r.Host}).Hostname()
	s.mu.Lock()
	base, err := url.Parse(s.base)
	s.mu.Unlock()
	return host == "localhost" || loopback(host) || err == nil && base.Host != "" && base.Hostname() == host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

var errNoPage = errors.New("no such page")

// visible finds the repository of a page. Private ones have none, since nobody
// signs in here. The caller holds the lock.
func (s *Server) visible(r *http.Request) (*Repo, error) {
	repo := s.find(r.PathValue("owner"), r.PathValue("repo"))
	if repo == nil || repo.private {
		return nil, errNoPage
	}
	repo.refresh(nil)
	return repo, nil
}

func (s *Server) visiblePull(r *http.Request) (*Repo, *pull, error) {
	repo, err := s.visible(r)
	if err != nil {
		return nil, nil, err
	}
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || repo.pullAt(number) == nil {
		return nil, nil, errNoPage
	}
	return repo, repo.pullAt(number), nil
}

// formToken proves that a form was made by this server for this pull request, as
// it stood: another commit needs another look.
func (s *Server) formToken(r *Repo, p *pull) string {
	mac := hmac.New(sha256.New, s.key)
	_, _ = fmt.Fprintf(mac, "merge %s#%d %s", r.FullName(), p.number, p.headSHA)
	return hex.EncodeToString(mac.Sum(nil))
}

// mergeForm is behind the merge button.
func (s *Server) mergeForm(w http.ResponseWriter, r *http.Request) {
	if !s.local(r) {
		http.Error(w, "These pages are for this machine only.", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	token, method := r.PostFormValue("token"), r.PostFormValue("method")
	page, err := s.mergeByForm(r, token, method)
	if err != nil {
		status := http.StatusInternalServerError
		message := "The merge went wrong."
		var refused *apiError
		if errors.As(err, &refused) {
			status, message = refused.status, refused.message
		}
		http.Error(w, message, status)
		return
	}
	http.Redirect(w, r, page, http.StatusSeeOther) // #nosec G710 -- a path of two known names and a number
}

// mergeByForm merges and gives the path of the pull request's page.
func (s *Server) mergeByForm(r *http.Request, token, method string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, p, err := s.visiblePull(r)
	if err != nil {
		return "", notFound()
	}
	if !hmac.Equal([]byte(token), []byte(s.formToken(repo, p))) {
		return "", &apiError{status: http.StatusForbidden, message: "The pull request has changed since the page was shown, or the form isn't from it. Load it again."}
	}
	by := s.pageUser()
	if by == nil {
		return "", &apiError{status: http.StatusForbidden, message: "No user may merge."}
	}
	return fmt.Sprintf("/%s/pull/%d", repo.FullName(), p.number), repo.merge(p, mergeRequest{Method: method}, by)
}
