package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/reconciler/inspect"
)

func newStatus(p process) *cobra.Command {
	var (
		out   format
		watch bool
		kube  = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show how Syncs stand",
		Long: `Shows the Syncs of the namespace, one a line: whether the last revision is applied and
healthy, since when, and what is wrong. With NAME it tells all that is worth knowing of
one: source and revisions, conditions, what it owns, which of that is unhealthy and why,
what waits for consent and how to give it, the last events and attempts.`,
		Example: `  towline status -A
  towline status shop -n towline-system
  towline status -A -o json | jq '.[] | select(.ready != "True") | .name'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: kube.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case watch && out != "table":
				return usageError{errors.New("--watch goes with tables only")}
			case watch:
				return watchStatus(cmd, &kube, args)
			case len(args) == 1:
				return describeSync(cmd, p, &kube, args[0], out)
			}
			client, namespace, err := kube.connect()
			if err != nil {
				return err
			}
			syncs, err := client.List(cmd.Context(), namespace)
			if err != nil {
				return err
			}
			rows := []inspect.Summary{}
			for i := range syncs {
				rows = append(rows, inspect.Summarise(&syncs[i]))
			}
			if len(rows) == 0 {
				say(cmd.ErrOrStderr(), "There are no Syncs in %s.", where(namespace))
				if out == "table" {
					return nil
				}
			}
			return out.print(cmd.OutOrStdout(), rows, func(t *table) { statusRows(t, rows, namespace == "", time.Now()) })
		},
	}
	addFormat(cmd, &out)
	kube.add(cmd)
	kube.addEverywhere(cmd)
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "go on showing what changes")
	return cmd
}

func statusRows(t *table, rows []inspect.Summary, namespaces bool, now time.Time) {
	t.row(statusHead(namespaces)...)
	for _, r := range rows {
		t.row(statusCells(r, namespaces, now)...)
	}
}

func statusHead(namespaces bool) []string {
	head := []string{"NAME", "READY", "STATE", "REVISION", "OBJECTS", "SINCE", "MESSAGE"}
	if namespaces {
		head = append([]string{"NAMESPACE"}, head...)
	}
	return head
}

func statusCells(s inspect.Summary, namespaces bool, now time.Time) []string {
	cells := []string{
		s.Name, s.Ready, state(s), dash(inspect.ShortRevision(s.Revision)), fmt.Sprint(s.Objects), agePtr(now, s.Since), brief(s.Message),
	}
	if namespaces {
		cells = append([]string{s.Namespace}, cells...)
	}
	return cells
}

// state is what Ready doesn't tell.
func state(s inspect.Summary) string {
	switch {
	case s.Suspended:
		return "Suspended"
	case s.Stalled:
		return "Stalled"
	case s.Reconciling:
		return "Reconciling"
	case !s.Current:
		return "Outdated"
	}
	return "-"
}

// watchStatus shows how Syncs stand, and each change, until it is interrupted.
func watchStatus(cmd *cobra.Command, kube *kubeFlags, args []string) error {
	client, namespace, err := kube.connect()
	if err != nil {
		return err
	}
	name := ""
	if len(args) == 1 {
		name = plainName(args[0])
	}
	var columns columns
	show := func(cells []string) error { return columns.write(cmd.OutOrStdout(), cells) }
	if err := show(statusHead(namespace == "")); err != nil {
		return err
	}
	err = client.Watch(cmd.Context(), namespace, name, func(s inspect.Summary) error {
		return show(statusCells(s, namespace == "", time.Now()))
	})
	if errors.Is(context.Cause(cmd.Context()), context.Canceled) {
		return nil // the person has seen enough
	}
	return err
}
