package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/reconciler/inspect"
)

// shownUnhealthy bounds the unhealthy objects that a report names; towline tree has all.
const shownUnhealthy = 20

// describeSync tells all that is worth knowing of one Sync.
func describeSync(cmd *cobra.Command, p process, kube *kubeFlags, name string, out format) error {
	if kube.everywhere {
		return usageError{errors.New("with a NAME, name its namespace (-n)")}
	}
	client, sync, err := kube.one(cmd.Context(), name)
	if err != nil {
		return err
	}
	detail, err := client.Describe(cmd.Context(), sync)
	if err != nil {
		return err
	}
	if out != "table" {
		return out.print(cmd.OutOrStdout(), detail, nil)
	}
	r := report{colour: painter(p, cmd.OutOrStdout()), now: time.Now()}
	r.write(detail)
	_, err = io.WriteString(cmd.OutOrStdout(), r.text.String())
	return err
}

// report is the text for people about one Sync.
type report struct {
	text   strings.Builder
	colour paint
	now    time.Time
}

func (r *report) write(d inspect.Detail) {
	r.head(d)
	r.list("Conditions", len(d.Conditions), func(t *table) {
		for _, c := range d.Conditions {
			t.row("  "+c.Type, c.Status, c.Reason, age(r.now, c.Since), dash(brief(c.Message)))
		}
	})
	r.list("Owns", len(d.Inventory), func(t *table) {
		for _, c := range d.Inventory {
			t.row("  "+c.Kind, fmt.Sprint(c.Count))
		}
	})
	r.list("Unhealthy", len(d.Unhealthy), func(t *table) {
		for _, o := range d.Unhealthy[:min(len(d.Unhealthy), shownUnhealthy)] {
			t.row("  "+o.Ref().String(), o.Status, dash(brief(joined(": ", o.Reason, o.Message))))
		}
		if more := len(d.Unhealthy) - shownUnhealthy; more > 0 {
			t.row(fmt.Sprintf("  and %d more", more))
		}
	})
	if d.Consent != nil {
		r.title("Waits for consent")
		r.line("  %s", d.Consent.Message)
		r.line("  To allow it:  %s", d.Consent.Command)
	}
	r.list("Events", len(d.Events), func(t *table) {
		for _, e := range d.Events {
			t.row("  "+age(r.now, e.Time), e.Type, joined(" ", e.Reason, times(e.Count)), brief(e.Message))
		}
	})
	r.list("History", len(d.History), func(t *table) {
		for _, a := range d.History[:min(len(d.History), shownAttempts)] {
			t.row("  "+inspect.ShortRevision(a.Revision), a.Result, age(r.now, a.Time), dash(brief(a.Message)))
		}
		if more := len(d.History) - shownAttempts; more > 0 {
			t.row(fmt.Sprintf("  and %d more: towline history %s", more, d.Name))
		}
	})
	r.list("Not known", len(d.Notes), func(t *table) {
		for _, n := range d.Notes {
			t.row("  " + n)
		}
	})
}

// shownAttempts is how much of the history a report has.
const shownAttempts = 5

// head tells what the Sync is and whether all is well.
func (r *report) head(d inspect.Detail) {
	ready := printable(d.Ready)
	switch ready {
	case "True":
		ready = r.colour.in(green, ready)
	case "False":
		ready = r.colour.in(red, ready)
	}
	r.line("Sync:       %s/%s", d.Namespace, d.Name)
	r.text.WriteString("Ready:      " + joined(", ", ready, printable(d.Reason), r.since(d.Since)) + "\n")
	r.line("            %s", d.Message)
	if d.Suspended {
		r.line("Suspended:  %s", joined(": ", "nothing is applied, pruned or healed", d.SuspendReason))
	}
	if !d.Current {
		r.line("Outdated:   the reconciler hasn't looked at the newest spec yet")
	}
	r.line("Source:     %s, %s, path %s", d.Source.URL, d.Source.Ref, d.Source.Path)
	r.line("Applied:    %s", dash(d.Revision))
	if d.Attempted != d.Revision {
		r.line("Attempted:  %s", dash(d.Attempted))
	}
	if len(d.DependsOn) > 0 {
		r.line("Depends on: %s", strings.Join(d.DependsOn, ", "))
	}
	if d.ManagedBy != "" {
		r.line("Managed by: another Sync, whose set is %s", d.ManagedBy)
	}
}

func (r *report) since(at *time.Time) string {
	if at == nil {
		return ""
	}
	return "for " + age(r.now, *at)
}

func (r *report) line(format string, args ...any) {
	text := printable(fmt.Sprintf(format, args...))
	r.text.WriteString(strings.TrimRight(text, " ") + "\n")
}

func (r *report) title(text string) {
	r.text.WriteString("\n" + r.colour.in(bold, text+":") + "\n")
}

// list writes a section, unless it would be empty.
func (r *report) list(title string, entries int, rows func(*table)) {
	if entries == 0 {
		return
	}
	r.title(title)
	t := &table{}
	rows(t)
	_ = t.write(&r.text) // a strings.Builder takes everything
}

// times says how often something happened, where it was more than once.
func times(count int) string {
	if count < 2 {
		return ""
	}
	return fmt.Sprintf("×%d", count)
}
