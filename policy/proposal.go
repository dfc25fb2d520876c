package policy

import "time"

// GroupingConfig says which updates share a pull request.
type GroupingConfig struct {
	// By is what updates are grouped by. Default "policy".
	By GroupBy `yaml:"by"`
	// SeparateMajor gives major updates a pull request of their own. Default: no; with
	// By "level" they always have one.
	SeparateMajor bool `yaml:"separateMajor"`
}

// GroupBy is what updates are grouped by.
type GroupBy string

const (
	// GroupByPolicy lets policies of one update.group travel together, each other one
	// alone.
	GroupByPolicy GroupBy = "policy"
	// GroupByDirectory lets everything in one directory travel together.
	GroupByDirectory GroupBy = "directory"
	// GroupByLevel lets patch and minor updates travel together, and each policy's major
	// update alone.
	GroupByLevel GroupBy = "level"
	// GroupByNone gives each policy its own pull request.
	GroupByNone GroupBy = "none"
)

// LimitsConfig bounds how many pull requests there are; 0 is no bound.
type LimitsConfig struct {
	// Open is how many of the bot's pull requests are open at once. Default 0.
	Open int `yaml:"open"`
	// PerHour is how many are opened within an hour. Default 0.
	PerHour int `yaml:"perHour"`
}

// A Window is a time in which something may happen: it begins by a schedule.
type Window struct {
	// Schedule is when it begins, as five cron fields. Required.
	Schedule string `yaml:"schedule"`
	// Duration is how long it lasts. Required.
	Duration time.Duration `yaml:"duration"`
	// TimeZone is the schedule's, by its name in the IANA database. Default UTC.
	TimeZone string `yaml:"timeZone"`
}

// Automerge says which updates are merged without a person.
type Automerge string

const (
	// AutomergeNone merges nothing.
	AutomergeNone Automerge = "none"
	// AutomergePatch merges patch updates, and those of a digest alone.
	AutomergePatch Automerge = "patch"
	// AutomergeMinor merges minor updates too.
	AutomergeMinor Automerge = "minor"
	// AutomergeAll merges all.
	AutomergeAll Automerge = "all"
)

// PullRequestConfig says how pull requests are written, kept up to date and merged.
type PullRequestConfig struct {
	// Title is a text/template as commit.message is one; one line. Default: the
	// writer's own.
	Title string `yaml:"title"`
	// TitleAt is where Title stands; zero without one.
	TitleAt Position `yaml:"-"`
	// Body is a text/template of Markdown that stands above the writer's own body.
	// Default none.
	Body string `yaml:"body"`
	// BodyAt is where Body stands; zero without one.
	BodyAt Position `yaml:"-"`
	// Rebase says when a branch is built anew from the base. Default "behind".
	Rebase Rebase `yaml:"rebase"`
	// MergeMethod is how automerge merges. Default "merge".
	MergeMethod MergeMethod `yaml:"mergeMethod"`
}

// Rebase says when a branch is built anew from its base.
type Rebase string

const (
	// RebaseBehind does so whenever the base has moved.
	RebaseBehind Rebase = "behind"
	// RebaseConflict does so when the branch can't be merged any more: the base has
	// changed a file that the branch changes.
	RebaseConflict Rebase = "conflict"
	// RebaseNever does so only when somebody asks for it.
	RebaseNever Rebase = "never"
)

// MergeMethod is how a pull request is merged.
type MergeMethod string

const (
	// MergeMerge makes a merge commit.
	MergeMerge MergeMethod = "merge"
	// MergeSquash makes one commit of the branch.
	MergeSquash MergeMethod = "squash"
	// MergeRebase puts the branch's commit on the base.
	MergeRebase MergeMethod = "rebase"
)

// Conventional says whether titles follow Conventional Commits.
type Conventional string

const (
	// ConventionalAuto follows what the base branch's commits do.
	ConventionalAuto Conventional = "auto"
	// ConventionalAlways writes "chore(deps): …".
	ConventionalAlways Conventional = "always"
	// ConventionalNever doesn't.
	ConventionalNever Conventional = "never"
)

// DashboardConfig is about the issue that shows all updates.
type DashboardConfig struct {
	// Enabled keeps such an issue. Default: no.
	Enabled bool `yaml:"enabled"`
	// Title is the issue's. Default "Image updates".
	Title string `yaml:"title"`
	// Labels are put on it, beside towline's own. Default none.
	Labels []string `yaml:"labels"`
}
