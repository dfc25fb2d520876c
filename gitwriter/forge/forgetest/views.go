package forgetest

import (
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The views are what the pages' templates see.

type pullView struct {
	Title, Repo, State string
	Number             int
	Author, Head, Base string
	Labels             []string
	Created            time.Time
	Body               template.HTML
	Commits            []commitView
	Statuses           []statusView
	Comments           []commentView
	Diff               diffView
	MergedBy, MergeSHA string
	Merged             time.Time
	Token              string // "" shows no button
	Conflict           bool
	Unmet              string // the first of the base's rules that isn't met
	Automerge          bool
}

// diffView is a list of changed files.
type diffView struct {
	Files                []fileView
	Additions, Deletions int
	Truncated            bool // the diff is too long to show in full
}

type commitView struct {
	SHA, Message, Author string
}

type statusView struct {
	Context, State, Description, Link string
}

type commentView struct {
	Author string
	When   time.Time
	Body   template.HTML
}

type fileView struct {
	Path, Previous, Status string
	Additions, Deletions   int
	Lines                  []lineView
}

// lineView is one line of a diff; Kind is add, del, hunk or "".
type lineView struct {
	Kind, Text string
}

type repoView struct {
	Repo         string
	Open, Closed []pullLine
	Commits      []commitView
	Clone        string
}

// pullLines is a list of pull requests with what its links need.
type pullLines struct {
	Repo  string
	Pulls []pullLine
}

// Lines is called by the template.
func (v repoView) Lines(list []pullLine) pullLines { return pullLines{v.Repo, list} }

type pullLine struct {
	Number        int
	Title, State  string
	Author, Head  string
	Created       time.Time
	StatusSummary string // "" where the head has no status
}

type indexView struct {
	Title string
	Repos []string
}

func (s *Server) indexView(*http.Request) (any, error) {
	view := indexView{Title: "Repositories"}
	for _, key := range slices.Sorted(maps.Keys(s.repos)) {
		if repo := s.repos[key]; !repo.private {
			view.Repos = append(view.Repos, repo.FullName())
		}
	}
	return view, nil
}

func (s *Server) repoView(r *http.Request) (any, error) {
	repo, err := s.visible(r)
	if err != nil {
		return nil, err
	}
	view := repoView{Repo: repo.FullName(), Clone: s.address(r) + "/" + repo.FullName() + ".git"}
	for _, p := range slices.Backward(repo.pulls) {
		line := pullLine{Number: p.number, Title: p.title, State: pageState(p), Author: p.author.Login, Head: p.head, Created: p.created}
		if list := repo.latest(p.headSHA); len(list) > 0 {
			line.StatusSummary = combined(list)
		}
		if p.state == stateOpen {
			view.Open = append(view.Open, line)
		} else {
			view.Closed = append(view.Closed, line)
		}
	}
	if tip := repo.refs["refs/heads/"+defaultBranch]; tip != "" {
		view.Commits = commitViews(repo.log("-n", "15", tip))
	}
	return view, nil
}

// pageState is open, draft, merged or closed.
func pageState(p *pull) string {
	switch {
	case !p.merged.IsZero():
		return "merged"
	case p.state == stateOpen && p.draft:
		return "draft"
	default:
		return p.state
	}
}

func commitViews(list []commitInfo) []commitView {
	var out []commitView
	for _, c := range list {
		out = append(out, commitView{SHA: c.sha, Message: c.message, Author: c.authorName})
	}
	return out
}

func (s *Server) pullView(r *http.Request) (any, error) {
	repo, p, err := s.visiblePull(r)
	if err != nil {
		return nil, err
	}
	view := pullView{
		Title: p.title, Repo: repo.FullName(), State: pageState(p), Number: p.number, Author: p.author.Login,
		Head: p.head, Base: p.base, Created: p.created, Labels: p.labelNames(), Body: markdown(p.body), Comments: commentViews(p.comments), Commits: commitViews(repo.commitsOf(p)),
		Merged: p.merged, MergeSHA: p.mergeSHA, Automerge: p.auto != nil,
	}
	if p.mergedBy != nil {
		view.MergedBy = p.mergedBy.Login
	}
	for _, status := range repo.latest(p.headSHA) {
		view.Statuses = append(view.Statuses, statusView{status.context, status.state, status.description, status.link})
	}
	for _, run := range repo.checkRuns[p.headSHA] {
		view.Statuses = append(view.Statuses, statusView{Context: run.name, State: cmp.Or(run.conclusion, checkPending)})
	}
	view.Diff.addFiles(repo.diff(repo.mergeBase(p), p.headSHA))
	if p.state == stateOpen && !p.draft && s.pageUser() != nil {
		view.Token = s.formToken(repo, p)
		view.Conflict, view.Unmet = repo.standing(p) == standsDirty, repo.unmet(p)
	}
	return view, nil
}

// maxLines bounds the diff on a page.
const maxLines = 5000

func (v *diffView) addFiles(files []fileChange) {
	left := maxLines
	for _, f := range files {
		v.Additions += f.additions
		v.Deletions += f.deletions
		file := fileView{Path: f.path, Previous: f.previous, Status: f.status, Additions: f.additions, Deletions: f.deletions}
		for text := range strings.Lines(f.patch) {
			if left--; left < 0 {
				v.Truncated = true
				break
			}
			line := lineView{Text: strings.TrimSuffix(text, "\n")}
			switch text[0] {
			case '+':
				line.Kind = "add"
			case '-':
				line.Kind = "del"
			case '@':
				line.Kind = "hunk"
			}
			file.Lines = append(file.Lines, line)
		}
		v.Files = append(v.Files, file)
	}
}
