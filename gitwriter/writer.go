package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// Repository is what the writer needs of a *gitrepo.Repo. It is an interface so that
// what goes wrong between two steps can be tried.
type Repository interface {
	Fetch(ctx context.Context, branch string) (gitrepo.Hash, error)
	Known(branch string) (gitrepo.Hash, bool)
	FS(commit gitrepo.Hash) (fs.FS, error)
	CommitInfo(commit gitrepo.Hash) (gitrepo.CommitInfo, error)
	Tree(c gitrepo.Commit) (gitrepo.Hash, error)
	Commit(c gitrepo.Commit) (gitrepo.Hash, error)
	Push(ctx context.Context, req gitrepo.PushRequest) error
	Signed(commit gitrepo.Hash) (payload, signature []byte, err error)
}

// Signer signs commits, and tells its own signatures; *gitsign.Key implements it.
type Signer interface {
	gitrepo.Signer
	Verify(payload, signature []byte) error
}

var _ Repository = (*gitrepo.Repo)(nil)

// Config is what a Writer works with.
type Config struct {
	// Repo is the repository's mirror and remote.
	Repo Repository
	// Forge is where pull requests are opened. Default: none, so branches are only
	// pushed.
	Forge forge.Forge
	// Name is the repository's name for people; message templates see it. Default: none.
	Name string
	// CommitterName and CommitterEmail are how the writer knows its own commits: a
	// branch whose head has another committer is a person's and is left alone, so the
	// address must be nobody else's. Default: "Towline <towline@towline.invalid>".
	CommitterName, CommitterEmail string
	// Signer signs every commit. A branch of ours whose head it hasn't signed is signed
	// anew. Default: none, so commits aren't signed.
	Signer Signer
	// Now dates the commits. Default: time.Now.
	Now func() time.Time
	// Sleep waits before an update starts again. Default: a timer that ends with ctx.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter gives the share of that wait that is waited, from 0 to 1. Default: random.
	Jitter func() float64
	// Log gets what is done at level debug, and what a person may want to mend at
	// level warn. Default: nothing is logged.
	Log *slog.Logger
}

// Writer writes updates into one repository. It keeps no state and is safe for
// concurrent use, as far as Config's parts are.
type Writer struct {
	cfg Config
}

// New gives a Writer. Config.Repo is required.
func New(cfg Config) (*Writer, error) {
	if cfg.Repo == nil {
		return nil, errors.New("making a writer: no repository given")
	}
	if cfg.CommitterName == "" {
		cfg.CommitterName = "Towline"
	}
	if cfg.CommitterEmail == "" {
		cfg.CommitterEmail = "towline@towline.invalid"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Writer{cfg: cfg}, nil
}

// Mode says how an update reaches the base branch.
type Mode string

// The modes. The zero value is ModePullRequest.
const (
	ModePullRequest Mode = "pull-request" // a branch and a pull request
	ModeCommit      Mode = "commit"       // a commit on the base branch itself
)

// Update is a set of edits that travel together.
type Update struct {
	// Group names the update; with BranchPrefix it makes the branch's name.
	Group string
	// Base is the branch that the update is made for.
	Base string
	// Mode defaults to ModePullRequest.
	Mode Mode
	// Rewrite computes the new contents of files on a base, a commit, by path, and the changes
	// that they make. It is called anew whenever the base has moved, and must give the
	// same for the same base. No changes mean that there is nothing to do.
	Rewrite func(ctx context.Context, base gitrepo.Hash, files fs.FS) (rewritten map[string][]byte, changes []Change, err error)

	// BranchPrefix begins the branch's name. Default: "towline/".
	BranchPrefix string
	// Decoration is put on a new pull request. Default: nothing.
	Decoration forge.Decoration
	// AuthorName and AuthorEmail are recorded as the commit's author. Default: the
	// committer.
	AuthorName, AuthorEmail string
	// MessageTemplate is a text/template over MessageData for the commit's message;
	// the trailers are added to it. Default: the title and a list of the changes.
	MessageTemplate string
	// SignOff adds the committer's Signed-off-by to the trailers.
	SignOff bool
	// Level is the greatest level of the changes, as far as it is known before they are
	// made; Security says that they close a hole. Both order updates.
	Level    string
	Security bool
	// Draft opens the pull request as a draft.
	Draft bool
	// TitleTemplate and BodyTemplate are text/templates over MessageData: the title in
	// place of the default, and Markdown above the body. Default: none.
	TitleTemplate, BodyTemplate string
	// Conventional says whether titles follow Conventional Commits. Default: always.
	Conventional policy.Conventional
	// Subjects are those of the base's last commits, newest first, without merges and our
	// own: what policy.ConventionalAuto follows. See Convention.
	Subjects []string
	// Rebase says when the branch is built anew. Default: when it is behind.
	Rebase policy.Rebase
	// Automerge says which levels are merged without a person. Default: none.
	Automerge   policy.Automerge
	MergeMethod policy.MergeMethod
	// Details finds out what a reviewer wants to know of each step. It is called only
	// when a body is written, may take a while, and leaves out what it can't find.
	// Default: nothing is known.
	Details func(ctx context.Context, steps []Step) map[Step]Details
	// Notices are sentences for the body about what the update doesn't hold: versions
	// that a person moved back, with since when and by which commit.
	Notices []string
	// RequireSigned makes an update fail that can't be signed: for a Writer without a
	// Signer. One that has a Signer never pushes a commit that it didn't sign.
	RequireSigned bool
}

// Action is what became of an update.
type Action string

// The actions.
const (
	ActionNothing        Action = "nothing"          // the base is as the update wants it
	ActionCreated        Action = "created"          // a pull request was opened
	ActionUpdated        Action = "updated"          // an open pull request was changed
	ActionUnchanged      Action = "unchanged"        // an open pull request is as it should be
	ActionClosedByPerson Action = "closed-by-person" // this very set was proposed before, and closed
	ActionFrozen         Action = "frozen"           // the branch holds somebody else's commit
	ActionCommitted      Action = "committed"        // the base branch has a new commit
	ActionPushed         Action = "pushed"           // the branch is pushed; the forge has no pull requests
	ActionWaiting        Action = "waiting"          // a limit or a window keeps it back
	ActionHeld           Action = "held"             // somebody asked to leave the pull request as it is
	ActionClosed         Action = "closed"           // nothing is left to do, so the pull request was closed
	ActionMerged         Action = "merged"           // the pull request was merged, as its level allows
	ActionDeleted        Action = "deleted"          // a branch that nobody needs was deleted
)

// Outcome says what was done, or in a Preview what would be.
type Outcome struct {
	Action      Action
	Branch      string             // the update's branch; the base branch in ModeCommit
	Base        gitrepo.Hash       // the base that the changes were computed on
	Commit      gitrepo.Hash       // the head of Branch, where there is one
	PullRequest *forge.PullRequest // the pull request that Action is about, if any
	Key         string             // the key of Changes
	Changes     []Change           // as Rewrite gave them
	Reason      string             // one sentence for people: why this action
	// Warning is what went wrong beside the point, such as a label that couldn't be
	// set. The update itself is done.
	Warning error
}

// Write brings the update to where it should be. It may be called again at any time,
// also after a crash, and then does what is left to do: mostly nothing, which costs
// one fetch without news and one List.
func (w *Writer) Write(ctx context.Context, u Update) (Outcome, error) {
	if err := u.check(); err != nil {
		return Outcome{}, err
	}
	step := w.propose
	if u.Mode == ModeCommit {
		step = w.commitToBase
	}
	out, err := w.untilLanded(ctx, u, step)
	if err != nil {
		return Outcome{}, fmt.Errorf("writing update %q: %w", u.Group, err)
	}
	w.cfg.Log.DebugContext(ctx, "update written", "group", u.Group, "action", out.Action, "reason", out.Reason)
	return out, nil
}

func (u Update) check() error {
	switch {
	case u.Group == "":
		return errors.New("writing an update: it has no group")
	case u.Base == "":
		return fmt.Errorf("writing update %q: it has no base branch", u.Group)
	case u.Rewrite == nil:
		return fmt.Errorf("writing update %q: it has no rewrite function", u.Group)
	case u.Mode != "" && u.Mode != ModePullRequest && u.Mode != ModeCommit:
		return fmt.Errorf("writing update %q: unknown mode %q", u.Group, u.Mode)
	case u.Mode != ModeCommit && branchName(u) == u.Base:
		return fmt.Errorf("writing update %q: its branch would be the base branch %q", u.Group, u.Base)
	}
	return nil
}

// errUnsigned is what keeps an update back where the repository wants signatures.
var errUnsigned = errors.New("the repository's configuration requires signed commits, and the bot has no key (hint: set signing in the bot's configuration)")

// prepared is an update computed on the base as it is now.
type prepared struct {
	base    gitrepo.Hash
	baseFS  fs.FS
	changes []Change
	key     string
	commit  gitrepo.Commit // to be built
	tree    gitrepo.Hash   // what it would record
}

// prepare fetches the base and computes the update on it. Nothing is written.
func (w *Writer) prepare(ctx context.Context, u Update) (prepared, error) {
	base, err := w.cfg.Repo.Fetch(ctx, u.Base)
	if err != nil {
		return prepared{}, err
	}
	fsys, err := w.cfg.Repo.FS(base)
	if err != nil {
		return prepared{}, err
	}
	files, changes, err := u.Rewrite(ctx, base, fsys)
	if err != nil {
		return prepared{}, fmt.Errorf("rewriting the files of %s: %w", base.Short(), err)
	}
	p := prepared{base: base, baseFS: fsys, changes: changes}
	if len(changes) == 0 || len(files) == 0 {
		p.changes = nil
		return p, nil
	}
	if u.RequireSigned && w.cfg.Signer == nil {
		return prepared{}, errUnsigned
	}
	p.key = Key(changes)
	message, err := w.commitMessage(u, p.key, changes)
	if err != nil {
		return prepared{}, err
	}
	p.commit = gitrepo.Commit{
		Base: base, Files: files, Message: message,
		Author: w.signature(u.AuthorName, u.AuthorEmail), Committer: w.signature("", ""),
	}
	if w.cfg.Signer != nil {
		p.commit.Signer = w.cfg.Signer
	}
	p.tree, err = w.cfg.Repo.Tree(p.commit)
	if errors.Is(err, gitrepo.ErrNoChanges) {
		p.changes = nil
		return p, nil
	}
	return p, err
}

func (w *Writer) signature(name, email string) gitrepo.Signature {
	if name == "" || email == "" {
		name, email = w.cfg.CommitterName, w.cfg.CommitterEmail
	}
	return gitrepo.Signature{Name: name, Email: email, When: w.cfg.Now().Truncate(time.Second)}
}

// commitToBase is ModeCommit. The push is bound to the base that was rewritten, so
// nobody's commit can be lost; a crash after it leaves nothing to do.
func (w *Writer) commitToBase(ctx context.Context, u Update) (Outcome, error) {
	p, err := w.prepare(ctx, u)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Action: ActionNothing, Branch: u.Base, Base: p.base, Commit: p.base, Key: p.key, Changes: p.changes, Reason: reasonNothing}
	if len(p.changes) == 0 {
		return out, nil
	}
	if out.Commit, err = w.cfg.Repo.Commit(p.commit); err != nil {
		return Outcome{}, err
	}
	err = w.push(ctx, gitrepo.PushRequest{Commit: out.Commit, Branch: u.Base, Expect: p.base})
	if errors.Is(err, gitrepo.ErrRefused) {
		err = fmt.Errorf("%w (hint: let the bot push to %q, or give the policy update.mode: pull-request)", err, u.Base)
	}
	if err != nil {
		return Outcome{}, err
	}
	out.Action, out.Reason = ActionCommitted, "committed to the base branch, as the policy's mode asks"
	return out, nil
}
