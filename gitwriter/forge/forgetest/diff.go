package forgetest

import (
	"net/url"
	"strings"
)

// commitInfo is a commit as git log tells it.
type commitInfo struct {
	sha, tree                              string
	parents                                []string
	authorName, authorEmail, authored      string
	committerName, committerEmail, created string
	message                                string
}

// logFormat separates fields by NUL, and -z records as well, so fields are counted.
const logFormat = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"

const logFields = 10

// log lists commits as git log does with these arguments.
func (r *Repo) log(args ...string) []commitInfo {
	out, err := r.s.git.Run(r.dir, nil, append([]string{"log", "-z", logFormat}, args...)...)
	if err != nil || out == "" {
		return nil
	}
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	var list []commitInfo
	for ; len(fields) >= logFields; fields = fields[logFields:] {
		list = append(list, commitInfo{
			sha: fields[0], tree: fields[1], parents: strings.Fields(fields[2]),
			authorName: fields[3], authorEmail: fields[4], authored: fields[5],
			committerName: fields[6], committerEmail: fields[7], created: fields[8], message: strings.TrimRight(fields[9], "\n"),
		})
	}
	return list
}

// commitsOf lists the pull request's own commits, oldest first.
func (r *Repo) commitsOf(p *pull) []commitInfo {
	return r.log("--reverse", "--topo-order", r.mergeBase(p)+".."+p.headSHA)
}

func pullCommits(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	return listed(c, c.repo.commitsOf(p), func(commit commitInfo) object { return c.links().commit(c.repo, commit) }), nil
}

func (l links) commit(r *Repo, c commitInfo) object {
	parents := []object{}
	for _, parent := range c.parents {
		parents = append(parents, object{"sha": parent, "url": l.api(r, "/commits/", parent), "html_url": l.html(r, "/commit/", parent)})
	}
	self := l.api(r, "/commits/", c.sha)
	return object{
		"sha": c.sha, "node_id": "C_" + c.sha, "url": self, "html_url": l.html(r, "/commit/", c.sha), "comments_url": self + "/comments",
		// null where no account has the commit's address, which is not looked up here
		"author": nil, "committer": nil, "parents": parents,
		"commit": object{
			"message": c.message, "comment_count": 0, "url": l.api(r, "/git/commits/", c.sha),
			"author":    object{"name": c.authorName, "email": c.authorEmail, "date": utc(c.authored)},
			"committer": object{"name": c.committerName, "email": c.committerEmail, "date": utc(c.created)},
			"tree":      object{"sha": c.tree, "url": l.api(r, "/git/trees/", c.tree)},
			"verification": object{
				"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil,
			},
		},
	}
}

// fileChange is one file of a diff.
type fileChange struct {
	path, previous, status, blob string
	additions, deletions         int
	patch                        string // "" for a binary file
}

// statusName turns git's letter into GitHub's word.
func statusName(letter byte) string {
	switch letter {
	case 'A':
		return "added"
	case 'D':
		return "removed"
	case 'R':
		return "renamed"
	case 'C':
		return "copied"
	case 'T':
		return "changed"
	default:
		return "modified"
	}
}

// diff compares two commits file by file.
func (r *Repo) diff(from, to string) []fileChange {
	raw, err := r.s.git.Run(r.dir, nil, "diff", "--raw", "-z", "--abbrev=40", "-M", from, to)
	if err != nil {
		return nil
	}
	var out []fileChange
	fields := strings.Split(raw, "\x00")
	for len(fields) >= 2 && strings.HasPrefix(fields[0], ":") {
		columns := strings.Fields(fields[0]) // modes, blobs, status
		change := fileChange{path: fields[1], blob: columns[3], status: statusName(columns[4][0])}
		if change.status == "removed" {
			change.blob = columns[2]
		}
		fields = fields[2:]
		if change.status == "renamed" || change.status == "copied" {
			change.previous, change.path = change.path, fields[0]
			fields = fields[1:]
		}
		paths := []string{change.path}
		if change.previous != "" {
			paths = append(paths, change.previous)
		}
		patch, err := r.s.git.Run(r.dir, nil, append([]string{"--literal-pathspecs", "diff", "-M", from, to, "--"}, paths...)...)
		if err == nil {
			change.addPatch(patch)
		}
		out = append(out, change)
	}
	return out
}

// addPatch keeps what GitHub shows of a file's diff: the hunks, without the head.
func (f *fileChange) addPatch(diff string) {
	_, hunks, ok := strings.Cut(diff, "\n@@ ")
	if !ok {
		return
	}
	f.patch = "@@ " + hunks
	for line := range strings.Lines(f.patch) {
		switch line[0] {
		case '+':
			f.additions++
		case '-':
			f.deletions++
		}
	}
}

func pullFiles(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	return listed(c, c.repo.diff(c.repo.mergeBase(p), p.headSHA), func(f fileChange) object {
		path := (&url.URL{Path: f.path}).EscapedPath()
		out := object{
			"sha": f.blob, "filename": f.path, "status": f.status, "additions": f.additions, "deletions": f.deletions,
			"changes":  f.additions + f.deletions,
			"blob_url": c.links().html(c.repo, "/blob/", p.headSHA, "/", path), "raw_url": c.links().html(c.repo, "/raw/", p.headSHA, "/", path),
			"contents_url": c.links().api(c.repo, "/contents/", path, "?ref=", p.headSHA),
		}
		if f.patch != "" {
			out["patch"] = f.patch
		}
		if f.previous != "" {
			out["previous_filename"] = f.previous
		}
		return out
	}), nil
}
