package policy

import (
	"fmt"
	"strings"
	"unicode"
)

// UpdateConfigFile is the name of the file, at the repository's root, that holds
// the UpdateConfig.
const UpdateConfigFile = ".towline.yaml"

// An UpdateConfig is what all updates of a repository share: the "spec" of the
// UpdateConfig document in [UpdateConfigFile].
type UpdateConfig struct {
	// BaseBranch is the branch that updates are made for. Default: empty, which
	// leaves it to the bot's own configuration.
	BaseBranch string `yaml:"baseBranch"`
	// BranchPrefix begins the name of every branch that the bot pushes. Default
	// "towline/".
	BranchPrefix string `yaml:"branchPrefix"`
	// Labels are put on every pull request. Default none.
	Labels []string `yaml:"labels"`
	// Reviewers are asked for a review, by their names at the forge. Default none.
	Reviewers []string `yaml:"reviewers"`
	// Assignees are assigned to every pull request. Default none.
	Assignees []string `yaml:"assignees"`
	// Commit says how commits are made.
	Commit CommitConfig `yaml:"commit"`
	// IgnorePaths are globs, as [Match] reads them, of files that are neither
	// read nor edited. Default none.
	IgnorePaths []string `yaml:"ignorePaths"`
	// References are fields that hold images, beside those that are found anyway.
	// Default none.
	References []ReferenceConfig `yaml:"references"`

	// Grouping says what travels together.
	Grouping GroupingConfig `yaml:"grouping"`
	// Limits bound how many pull requests there are.
	Limits LimitsConfig `yaml:"limits"`
	// Windows are when new pull requests are opened and new versions go into open ones.
	// Default: always.
	Windows []Window `yaml:"windows"`
	// Automerge says which updates are merged once their checks are green. Default
	// "none".
	Automerge Automerge `yaml:"automerge"`
	// Draft opens pull requests as drafts. Default: no.
	Draft bool `yaml:"draft"`
	// Milestone is the title of the milestone that pull requests belong to. Default
	// none.
	Milestone string `yaml:"milestone"`
	// PullRequest says how pull requests are written, kept up to date and merged.
	PullRequest PullRequestConfig `yaml:"pullRequest"`
	// Dashboard is an issue that shows all updates. Default: there is none.
	Dashboard DashboardConfig `yaml:"dashboard"`
}

// CommitConfig says how commits are made.
type CommitConfig struct {
	// Author is the author of every commit. Default: the bot's own.
	Author AuthorConfig `yaml:"author"`
	// Message is a text/template of the commit's message, to which the trailers
	// are added. The writer's documentation lists its fields. Default: the
	// writer's own.
	Message string `yaml:"message"`
	// MessageAt is where Message stands; zero without one. The writer checks what
	// this package can't.
	MessageAt Position `yaml:"-"`
	// Conventional says whether titles follow Conventional Commits. Default "auto",
	// which follows the base branch's own history.
	Conventional Conventional `yaml:"conventional"`
	// SignOff adds a Signed-off-by trailer of the committer. Default: no.
	SignOff bool `yaml:"signOff"`
	// Signing says whether commits must be signed. The key is the bot's, and stands
	// in its own configuration. Default "optional".
	Signing Signing `yaml:"signing"`
}

// Signing says whether a repository's commits must be signed.
type Signing string

const (
	// SigningOptional signs where the bot has a key.
	SigningOptional Signing = "optional"
	// SigningRequired proposes nothing where the bot has none.
	SigningRequired Signing = "required"
)

// AuthorConfig is a person as Git knows one. Name and email go together.
type AuthorConfig struct {
	Name  string `yaml:"name"`
	Email string `yaml:"email"`
}

// DefaultUpdateConfig is what holds for a repository without the file.
func DefaultUpdateConfig() UpdateConfig {
	return UpdateConfig{
		BranchPrefix: "towline/", Automerge: AutomergeNone,
		Commit:      CommitConfig{Signing: SigningOptional, Conventional: ConventionalAuto},
		Grouping:    GroupingConfig{By: GroupByPolicy},
		PullRequest: PullRequestConfig{Rebase: RebaseBehind, MergeMethod: MergeMerge},
		Dashboard:   DashboardConfig{Title: "Image updates"},
	}
}

// ParseUpdateConfig reads the UpdateConfig of a file, which holds exactly one.
// Other documents are passed over. An error is always [Problems]; the defaults
// are given along with it.
func ParseUpdateConfig(file string, data []byte) (UpdateConfig, error) {
	docs, problems := documents(file, data, group, kindUpdateConfig)
	var found []*decoding
	config := DefaultUpdateConfig()
	for _, doc := range docs {
		ok, unknown := doc.known(file, kindUpdateConfig)
		problems = append(problems, unknown...)
		if !ok {
			continue
		}
		m := struct {
			APIVersion string       `yaml:"apiVersion"`
			Kind       string       `yaml:"kind"`
			Metadata   metadata     `yaml:"metadata"`
			Spec       UpdateConfig `yaml:"spec"`
		}{Spec: config}
		d := decode(file, doc.root, &m)
		d.updateConfig(&m.Spec)
		if len(found) > 0 {
			d.fail("kind", "the file has two documents of this kind", fmt.Sprintf("the first is at %s", found[0].places[""]))
		}
		found = append(found, d)
		if problems = append(problems, d.problems...); len(problems) == 0 {
			config = m.Spec
		}
	}
	if len(found) == 0 && len(problems) == 0 {
		problems = Problems{{
			Position: Position{File: file},
			Message:  "the file has no " + kindUpdateConfig,
			Hint:     "begin it with: apiVersion: " + APIVersion + ", kind: " + kindUpdateConfig,
		}}
	}
	if len(problems) > 0 {
		return DefaultUpdateConfig(), problems.Err()
	}
	return config, nil
}

// updateConfig checks what was decoded.
func (d *decoding) updateConfig(c *UpdateConfig) {
	const branchHint = "see git check-ref-format"
	if d.has("spec.baseBranch") && !IsBranchName(c.BaseBranch) {
		d.fail("spec.baseBranch", quote(c.BaseBranch)+" is not a branch's name", branchHint)
	}
	if d.has("spec.branchPrefix") && !IsBranchName(c.BranchPrefix+"x") || c.BranchPrefix == "" {
		d.fail("spec.branchPrefix", quote(c.BranchPrefix)+" can't begin a branch's name", branchHint)
	}
	d.lines("spec.labels", c.Labels)
	d.lines("spec.reviewers", c.Reviewers)
	d.lines("spec.assignees", c.Assignees)
	d.globs("spec.ignorePaths", c.IgnorePaths)
	d.references("spec.references", c.References)
	d.author("spec.commit.author", c.Commit.Author)
	d.template("spec.commit.message", c.Commit.Message, maxMessage)
	c.Commit.MessageAt = d.places["spec.commit.message"]
	c.Commit.Conventional = oneOf(d, "spec.commit.conventional", c.Commit.Conventional, ConventionalAuto, ConventionalAlways, ConventionalNever)
	c.Commit.Signing = oneOf(d, "spec.commit.signing", c.Commit.Signing, SigningOptional, SigningRequired)
	d.proposal(c)
}

// lines checks texts that go to a forge as names.
func (d *decoding) lines(path string, texts []string) {
	if len(texts) > maxNames {
		d.fail(path, fmt.Sprintf("has more than %d entries", maxNames), "")
		return
	}
	for i, text := range texts {
		d.line(fmt.Sprintf("%s[%d]", path, i), text, "name")
	}
}

// author checks the two parts of a commit's author: Git drops angle brackets
// and ends a header at a line's end.
func (d *decoding) author(path string, a AuthorConfig) {
	if !d.has(path) {
		return
	}
	if d.required(path+".name", "name and email go together") && (!isLine(a.Name) || strings.ContainsAny(a.Name, "<>")) {
		d.fail(path+".name", quote(a.Name)+" is not an author's name", "use one line without angle brackets")
	}
	if d.required(path+".email", "name and email go together") && (!isLine(a.Email) || strings.ContainsAny(a.Email, "<> ") || !strings.Contains(a.Email, "@")) {
		d.fail(path+".email", quote(a.Email)+" is not an e-mail address", "write it like bot@example.com")
	}
}

func isLine(text string) bool {
	return text != "" && len(text) <= 200 && strings.TrimSpace(text) == text && strings.IndexFunc(text, unicode.IsControl) < 0
}
