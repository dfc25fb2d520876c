package policy

import (
	"fmt"
	"strings"
	"time"
)

const (
	// maxNames bounds labels, reviewers and assignees: no forge takes more.
	maxNames = 100
	// maxPulls bounds the limits: above it there might as well be none.
	maxPulls = 1000
	// maxWindows bounds the windows, which are counted out in every round.
	maxWindows = 20
	minWindow  = time.Minute
	maxWindow  = 7 * 24 * time.Hour
	// These bound templates, in bytes.
	maxMessage = 4096
	maxTitle   = 1024
	maxBody    = 4096
)

// proposal checks what is about pull requests, and gives the defaults.
func (d *decoding) proposal(c *UpdateConfig) {
	c.Grouping.By = oneOf(d, "spec.grouping.by", c.Grouping.By, GroupByPolicy, GroupByDirectory, GroupByLevel, GroupByNone)
	d.limit("spec.limits.open", c.Limits.Open)
	d.limit("spec.limits.perHour", c.Limits.PerHour)
	d.windows("spec.windows", c.Windows)
	c.Automerge = oneOf(d, "spec.automerge", c.Automerge, AutomergeNone, AutomergePatch, AutomergeMinor, AutomergeAll)
	d.line("spec.milestone", c.Milestone, "title")
	d.pullRequest("spec.pullRequest", &c.PullRequest)
	d.line("spec.dashboard.title", c.Dashboard.Title, "title")
	d.lines("spec.dashboard.labels", c.Dashboard.Labels)
}

func (d *decoding) pullRequest(path string, c *PullRequestConfig) {
	d.template(path+".title", c.Title, maxTitle)
	if d.has(path+".title") && strings.ContainsAny(strings.TrimRight(c.Title, "\r\n"), "\r\n") {
		d.fail(path+".title", "has several lines", "a title has one; what is longer goes into body")
	}
	c.TitleAt = d.places[path+".title"]
	d.template(path+".body", c.Body, maxBody)
	c.BodyAt = d.places[path+".body"]
	c.Rebase = oneOf(d, path+".rebase", c.Rebase, RebaseBehind, RebaseConflict, RebaseNever)
	c.MergeMethod = oneOf(d, path+".mergeMethod", c.MergeMethod, MergeMerge, MergeSquash, MergeRebase)
}

// limit checks a number of pull requests, 0 being no bound.
func (d *decoding) limit(path string, n int) {
	if d.has(path) && (n < 0 || n > maxPulls) {
		d.fail(path, fmt.Sprintf("%d is out of range", n), fmt.Sprintf("write 1 to %d, or 0 for no bound", maxPulls))
	}
}

func (d *decoding) windows(path string, windows []Window) {
	if len(windows) > maxWindows {
		d.fail(path, fmt.Sprintf("has more than %d entries", maxWindows), `days and hours can be lists: "0 9,14 * * 1-5"`)
		return
	}
	for i, w := range windows {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.windowSchedule(at+".schedule", w.Schedule)
		const durationHint = `write it as "30m" or "8h", from 1m to 168h`
		if d.required(at+".duration", durationHint) && (w.Duration < minWindow || w.Duration > maxWindow) {
			d.fail(at+".duration", w.Duration.String()+" is not a window's length", durationHint)
		}
		d.timeZone(at+".timeZone", w.TimeZone)
	}
}

// windowSchedule checks when a window begins. An interval has no place in the day, and
// the time zone has a field of its own.
func (d *decoding) windowSchedule(path, text string) {
	const hint = `write five cron fields, "0 9 * * 1-5", and beside them duration and timeZone`
	if !d.required(path, hint) {
		return
	}
	switch trimmed := strings.TrimSpace(text); {
	case strings.HasPrefix(trimmed, "@"):
		d.fail(path, quote(text)+" is not five cron fields", hint)
	case strings.HasPrefix(trimmed, "TZ="), strings.HasPrefix(trimmed, "CRON_TZ="):
		d.fail(path, quote(text)+" names the time zone in the schedule", "write it as timeZone")
	default:
		if message := checkSchedule(text); message != "" {
			d.fail(path, message, hint)
		}
	}
}

// timeZone checks a name of the IANA database. "Local" would be whatever the bot's
// machine has.
func (d *decoding) timeZone(path, name string) {
	if !d.has(path) || d.bad[path] {
		return
	}
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		d.fail(path, quote(name)+" is not a time zone", "write its name in the IANA database, such as Europe/Berlin or UTC")
	}
}

// line checks one text that goes to a forge.
func (d *decoding) line(path, text, what string) {
	if d.has(path) && !isLine(text) {
		d.fail(path, quote(text)+" is not a "+what, "use up to 200 characters on one line, without spaces at the ends")
	}
}
