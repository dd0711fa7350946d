package okey

// troubleNames say in French what does not get on, by the name of its activity, workflow or action.
var troubleNames = map[string]string{
	ActivityJudge: "le suivi d'une demande", WorkflowKeyRequest: "le suivi d'une demande",
	ActivityChangeKey: "le changement d'une clef", WorkflowKeyChange: "le changement d'une clef",
	ActivityLapse: "le changement d'une clef",
	ActivityStock: "un mouvement du stock", ActivityLetters: "l'annonce d'un mouvement du stock",
	ActivityLoadOrder: "le suivi d'une commande", WorkflowOrder: "le suivi d'une commande",
	ActivityRepair: "la relance de ce qui attend", WorkflowRepairWatch: "la relance de ce qui attend",
	ActivityWakeUp: "le réveil des demandes",
	ActivityWatch:  "la surveillance du matin", WorkflowStockWatch: "la surveillance du matin",
	ActivityRetain: "l'effacement des données anciennes", WorkflowRetention: "l'effacement des données anciennes",
	ActivitySyncDirectory: "la lecture de l'annuaire", WorkflowDirectorySync: "la lecture de l'annuaire",
	ActivityPlanExport: "la transmission des commandes", WorkflowExportSchedule: "la transmission des commandes",
	ActivitySendMails: "l'envoi de courriels",
}

// SayTrouble names in French, with its article, what does not get on.
func SayTrouble(what string) string {
	if known := troubleNames[what]; known != "" {
		return known
	}
	if kind := ActionName(what).Kind(); kind.French != "" {
		return "un envoi (" + kind.French + ")"
	}
	for _, kind := range ActionKinds {
		if kind.Workflow == what {
			return "un mouvement du stock"
		}
	}
	return "un travail d'OKEY"
}
