package main

import (
	"cmp"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/reconciler/inspect"
)

func newTree(p process) *cobra.Command {
	var (
		out  format
		kube = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "tree NAME",
		Short: "Show what a Sync owns, with health",
		Long: `Shows the objects of a Sync's inventory with their health, and below them what their
controllers made: ReplicaSets, Jobs, Pods and the like. Old ReplicaSets without Pods are
left out. A Sync that is owned is followed.`,
		Example:           "  towline tree shop -n towline-system",
		Args:              oneName(),
		ValidArgsFunction: kube.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, sync, err := kube.one(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			root, notes, err := client.Tree(cmd.Context(), sync)
			if err != nil {
				return err
			}
			for _, n := range notes {
				note(cmd, n)
			}
			return out.print(cmd.OutOrStdout(), root, func(t *table) {
				t.row("OBJECT", "STATUS", "AGE", "MESSAGE")
				treeRows(t, root, "", "", time.Now())
			})
		},
	}
	addFormat(cmd, &out)
	kube.add(cmd)
	return cmd
}

// treeRows writes a node and what is below it; first stands before the node's own line,
// rest before the lines below.
func treeRows(t *table, n *inspect.Node, first, rest string, now time.Time) {
	message := n.Reason
	if n.Status != "Current" {
		message = joined(": ", n.Reason, n.Message)
	} else if n.Kind == "Sync" {
		message = n.Message
	}
	t.row(first+n.Ref().String(), n.Status, agePtr(now, n.Created), cmp.Or(brief(message), "-"))
	for i, child := range n.Children {
		if i == len(n.Children)-1 {
			treeRows(t, child, rest+"└─ ", rest+"   ", now)
		} else {
			treeRows(t, child, rest+"├─ ", rest+"│  ", now)
		}
	}
}

// joined joins the parts that aren't empty.
func joined(between string, parts ...string) string {
	text := ""
	for _, part := range parts {
		if part == "" {
			continue
		}
		if text != "" {
			text += between
		}
		text += part
	}
	return text
}
