package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

func newSuspend(p process) *cobra.Command {
	var (
		all    bool
		reason string
		kube   = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "suspend NAME... | --all",
		Short: "Stop applying, pruning and healing for Syncs",
		Long: `Sets spec.suspend: nothing is applied, pruned or healed for the Sync until it is resumed.
A reason is kept beside it and shown by towline status.`,
		Example:           `  towline suspend shop --reason "moving the database"`,
		Args:              namesOrAll(&all),
		ValidArgsFunction: kube.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, syncs, err := kube.several(cmd.Context(), args, all)
			if err != nil {
				return err
			}
			var errs []error
			for _, s := range syncs {
				warnManaged(cmd, s, "suspend")
				if err := client.Suspend(cmd.Context(), s, reason); err != nil {
					errs = append(errs, err)
				} else if err := printDone(cmd.OutOrStdout(), s, "suspended"); err != nil {
					return err
				}
			}
			return errors.Join(errs...)
		},
	}
	kube.add(cmd)
	kube.addEverywhere(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "all Syncs of the namespace")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who wonder")
	return cmd
}

func newResume(p process) *cobra.Command {
	var (
		all   bool
		waits waitFlags
		kube  = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "resume NAME... | --all",
		Short: "Go on with suspended Syncs",
		Long: `Takes spec.suspend back and asks for a reconciliation at once. With --wait it shows how
that goes, as towline sync --wait does. Syncs that aren't suspended are left alone.`,
		Example:           "  towline resume shop --wait",
		Args:              namesOrAll(&all),
		ValidArgsFunction: kube.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, syncs, err := kube.several(cmd.Context(), args, all)
			if err != nil {
				return err
			}
			var wishes []wish
			var errs []error
			for _, s := range syncs {
				if !s.Spec.Suspend {
					say(cmd.ErrOrStderr(), "%s/%s isn't suspended", s.Namespace, s.Name)
					continue
				}
				warnManaged(cmd, s, "resume")
				value, err := client.Resume(cmd.Context(), s)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				wishes = append(wishes, wish{s, value})
			}
			return errors.Join(append(errs, conclude(cmd, client, wishes, waits, "resumed"))...)
		},
	}
	kube.add(cmd)
	kube.addEverywhere(cmd)
	waits.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "all Syncs of the namespace")
	return cmd
}

// warnManaged tells of a Sync that another one owns: where that sets spec.suspend, what is
// done here is healed away.
func warnManaged(cmd *cobra.Command, s *v1.Sync, verb string) {
	if s.Labels[apply.PartOfLabel] == "" {
		return
	}
	note(cmd, fmt.Sprintf("note: %s/%s is itself owned by another Sync: where its manifest has spec.suspend, this is healed back; %s that one too, or change it in Git",
		s.Namespace, s.Name, verb))
}
