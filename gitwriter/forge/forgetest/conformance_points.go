package forgetest

// points is the suite, in the order in which it is run.
func points() []point {
	var out []point
	for _, list := range [][]point{proposingPoints(), changingPoints(), listingPoints(), reviewingPoints(), mergingPoints(), issuePoints(), refusingPoints()} {
		out = append(out, list...)
	}
	return out
}

func proposingPoints() []point {
	return []point{
		{"an empty repository lists nothing", "", listsNothing, nil},
		{"create gives what was asked for", "", createsAll, nil},
		{"create makes labels and says which", "", createsLabels, nil},
		{"create asks reviewers and assigns", AsksPeople, createsPeople, nil},
		{"create sets the milestone", "", createsMilestone, func(h Harness) bool { return h.Milestone != nil }},
		{"create keeps text to the byte", "", keepsText, nil},
		{"a draft is a draft and keeps its title", HasDrafts, createsDraft, nil},
		{"a second pull request is ErrExists", RefusesDuplicates, refusesDuplicate, nil},
		{"a closed one doesn't stand in the way", RefusesDuplicates, allowsAfterClose, nil},
		{"a missing head or base is ErrInvalid", RefusesMissing, refusesMissing, nil},
		{"a head without commits is ErrInvalid", RefusesEmpty, refusesEmpty, nil},
		{"decorate adds labels and takes none away", "", decoratesLabels, nil},
		{"decorate asks people once", AsksPeople, decoratesPeople, nil},
		{"decorate leaves a chosen milestone", "", decoratesMilestone, func(h Harness) bool { return h.Milestone != nil }},
		{"one part of a decoration doesn't stop the others", AsksPeople, decoratesInSpite, nil},
		{"decorate of what isn't there is ErrNotFound", "", refusesDecoration, nil},
	}
}

func changingPoints() []point {
	return []point{
		{"update changes only what it is told", "", updates, nil},
		{"update closes and opens again", Reopens, closesAndReopens, nil},
		{"update of what isn't there is ErrNotFound", "", refusesUpdate, nil},
		{"update can't merge", "", refusesMergeByUpdate, nil},
		{"merged is not closed", "", tellsMerged, nil},
		{"a deleted branch is remembered", RemembersDeleted, remembersHead, nil},
		{"the head's commit follows pushes", FollowsHead, followsHead, nil},
		{"a status replaces the one of its context", HasStatuses, setsStatuses, nil},
		{"a long description is cut", HasStatuses, cutsDescription, nil},
		{"a status on no commit is ErrInvalid", HasStatuses, refusesStatus, nil},
	}
}

func listingPoints() []point {
	return []point{
		{"the list is filtered and newest first", "", filters, nil},
		{"the list has all pages", ListsMany, listsAllPages, nil},
		{"since lists what was updated then or later", ListsUpdated, listsSince, nil},
		{"nothing new costs one request", ListsUpdated, listsNothingNew, func(h Harness) bool { return h.Requests != nil && h.PageSize < 10 }},
	}
}

func reviewingPoints() []point {
	return []point{
		{"comment comments", ReadsBack, comments, nil},
		{"comment on what isn't there is ErrNotFound", "", refusesComment, nil},
		{"comments are told, oldest first", HasComments, tellsComments, nil},
		{"comments since a moment, the changed ones too", HasComments, tellsCommentsSince, func(h Harness) bool { return h.EditComment != nil }},
		{"comments on what isn't there are ErrNotFound", HasComments, refusesComments, nil},
		{"permissions are told", HasPermissions, tellsPermissions, func(h Harness) bool { return h.Owner != "" && h.Stranger != "" }},
		{"nobody has no permission", HasPermissions, tellsNobody, nil},
		{"pages that are linked to are there", "", linksPages, func(h Harness) bool { return h.Fetch != nil }},
	}
}

func mergingPoints() []point {
	checks := func(h Harness) bool { return h.Check != nil }
	protects := func(h Harness) bool { return h.Check != nil && h.Protect != nil }
	return []point{
		{"without checks all is ready", HasReadiness, readyWithoutChecks, nil},
		{"checks are told, the worst first", HasReadiness, readyByChecks, checks},
		{"statuses count as checks", HasReadiness, readyByStatuses, nil},
		{"a wish for changes is told until it is withdrawn", HasReviews, readyByReviews, func(h Harness) bool { return h.Review != nil }},
		{"a conflict is told", HasReadiness, readyInConflict, func(h Harness) bool { return h.Write != nil }},
		{"a required check is waited for", HasReadiness, readyByRule, protects},
		{"what is closed isn't ready", HasReadiness, readyWhenClosed, nil},
		{"readiness of what isn't there is ErrNotFound", HasReadiness, refusesReadiness, nil},
		{"merge merges, by each method", Merges, merges, nil},
		{"merge of another commit is ErrNotReady", RefusesMerges, refusesStaleMerge, nil},
		{"merge against the rules is ErrNotReady", RefusesMerges, refusesRuledMerge, protects},
		{"merge of what is merged is ErrNotReady", RefusesMerges, refusesSecondMerge, nil},
		{"merge of what isn't there is ErrNotFound", Merges, refusesMerge, nil},
		{"it merges by itself once the rules are met", HasAutomerge, automerges, protects},
		{"it is taken back that it merges by itself", HasAutomerge, cancelsAutomerge, protects},
		{"taking back what nobody asked for is nothing", HasAutomerge, cancelsWithoutAutomerge, nil},
		{"taking back on what isn't there is ErrNotFound", HasAutomerge, refusesCancel, nil},
		{"with nothing to wait for it doesn't merge by itself", HasAutomerge, refusesAutomergeOfReady, nil},
		{"another commit isn't set to merge by itself", HasAutomerge, refusesStaleAutomerge, protects},
		{"where settings forbid it nothing merges by itself", HasAutomerge, refusesAutomerge, func(h Harness) bool { return h.AllowAutomerge != nil }},
	}
}

func issuePoints() []point {
	return []point{
		{"issues are opened, told, changed and closed", HasIssues, keepsIssues, nil},
		{"pull requests aren't issues", HasIssues, keepsIssuesApart, nil},
		{"an issue that isn't there is ErrNotFound", HasIssues, refusesIssue, nil},
	}
}

func refusingPoints() []point {
	return []point{
		{"an unknown credential is ErrUnauthorized", RefusesStrangers, refusesStranger, nil},
		{"a missing repository is ErrNotFound", "", refusesMissingRepository, nil},
		{"an ended context ends the call", "", obeysContext, nil},
		{"calls side by side don't mix", "", sideBySide, nil},
	}
}
