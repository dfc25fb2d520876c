package forgetest

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type issueView struct {
	Title, Repo, State, Author string
	Number                     int
	Labels                     []string
	Created                    time.Time
	Body                       template.HTML
	Comments                   []commentView
}

// codeView is a commit, or what lies between two.
type codeView struct {
	Title, Repo string
	Commits     []commitView
	Diff        diffView
}

type contentView struct {
	Path, Repo, Ref string
	Lines           []string
	Truncated       bool
}

func (s *Server) issueView(r *http.Request) (any, error) {
	repo, err := s.visible(r)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(r.PathValue("number"))
	i := repo.issueAt(number)
	if err != nil || i == nil {
		return nil, errNoPage
	}
	return issueView{
		Title: i.title, Repo: repo.FullName(), State: i.state, Author: i.author.Login, Number: i.number, Labels: i.labelNames(),
		Created: i.created, Body: markdown(i.body), Comments: commentViews(i.comments),
	}, nil
}

func commentViews(list []*comment) []commentView {
	var out []commentView
	for _, c := range list {
		out = append(out, commentView{c.author.Login, c.created, markdown(c.body)})
	}
	return out
}

func (s *Server) commitView(r *http.Request) (any, error) {
	repo, err := s.visible(r)
	if err != nil {
		return nil, err
	}
	sha := repo.commit(r.PathValue("sha"))
	if sha == "" {
		return nil, errNoPage
	}
	from := emptyTree
	commits := repo.log("-1", sha)
	if len(commits) > 0 && len(commits[0].parents) > 0 {
		from = commits[0].parents[0]
	}
	view := codeView{Title: "Commit " + sha[:12], Repo: repo.FullName(), Commits: commitViews(commits)}
	view.Diff.addFiles(repo.diff(from, sha))
	return view, nil
}

// compareView shows, as GitHub does, what the second has since it left the first.
func (s *Server) compareView(r *http.Request) (any, error) {
	repo, err := s.visible(r)
	if err != nil {
		return nil, err
	}
	from, to, ok := strings.Cut(r.PathValue("range"), "...")
	base, head := repo.commit(from), repo.commit(to)
	if !ok || base == "" || head == "" {
		return nil, errNoPage
	}
	if fork, err := s.git.RunFixed(repo.dir, "merge-base", base, head); err == nil {
		base = fork
	}
	view := codeView{Title: "Comparing " + from + " with " + to, Repo: repo.FullName(), Commits: commitViews(repo.log("-n", maxLog, base+".."+head))}
	view.Diff.addFiles(repo.diff(base, head))
	return view, nil
}

func (s *Server) fileView(r *http.Request) (any, error) {
	repo, err := s.visible(r)
	if err != nil {
		return nil, err
	}
	ref, path := r.PathValue("ref"), r.PathValue("path")
	sha := repo.commit(ref)
	if sha == "" {
		return nil, errNoPage
	}
	text, err := s.git.Run(repo.dir, nil, "cat-file", "blob", sha+":"+path)
	if err != nil {
		return nil, errNoPage
	}
	view := contentView{Path: path, Repo: repo.FullName(), Ref: ref, Lines: strings.Split(text, "\n")}
	if len(view.Lines) > maxLines {
		view.Lines, view.Truncated = view.Lines[:maxLines], true
	}
	return view, nil
}
