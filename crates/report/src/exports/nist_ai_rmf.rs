//! What an assessment says to the NIST AI Risk Management Framework 1.0 (NIST AI 100-1, 2023). Numbers are the framework's, words
//! are our own.

use super::mapping::Answer::{
    Data, Groups, Identity, Interface, Limits, Metrics, Provenance, Section, SignOff, Targets, Use,
};
use super::mapping::{Chapter, Outline, entry as e};

pub(super) const OUTLINE: Outline = Outline {
    title: "Findings by the NIST AI Risk Management Framework",
    about: "What one assessment says to the outcomes of the NIST AI Risk Management Framework 1.0 (NIST AI 100-1). Most outcomes \
            are about organisations; only those on which an assessment has something to say, or for which it needs people, are \
            listed.",
    chapters: &[
        Chapter {
            title: "GOVERN",
            items: &[
                e(
                    "GOVERN 1.4",
                    "Risk management is transparent and follows from priorities",
                    &[Targets],
                    "the policy that the targets come from, and who owns it.",
                ),
                e(
                    "GOVERN 1.5",
                    "Monitoring and periodic review are planned",
                    &[],
                    "who reviews this model, and when; a policy can require freshness (`max_age_days`).",
                ),
                e("GOVERN 1.6", "Systems are inventoried", &[Identity, Provenance], "the inventory's entry."),
                e(
                    "GOVERN 2.1",
                    "Roles and responsibilities are clear",
                    &[SignOff],
                    "who may decide on use, and who may stop it.",
                ),
                e(
                    "GOVERN 4.2",
                    "Risks and impacts are documented and communicated",
                    &[Limits],
                    "to whom this is communicated.",
                ),
                e(
                    "GOVERN 5.1",
                    "Feedback of those outside is collected",
                    &[],
                    "how people who are affected can be heard.",
                ),
                e(
                    "GOVERN 6.1",
                    "Third-party software and data are covered",
                    &[Provenance],
                    "rights and risks of models and data of others.",
                ),
            ],
        },
        Chapter {
            title: "MAP",
            items: &[
                e(
                    "MAP 1.1",
                    "Purpose, setting and people concerned are understood",
                    &[Use],
                    "laws, norms, settings, and people who are affected.",
                ),
                e("MAP 2.1", "The task is defined", &[Identity, Interface], ""),
                e(
                    "MAP 2.2",
                    "Limits of knowledge and use of outputs are documented",
                    &[Limits],
                    "how people are meant to act on outputs.",
                ),
                e(
                    "MAP 2.3",
                    "Scientific integrity of tests: data, representativeness, construct",
                    &[Data, Section("explorer"), Section("balance")],
                    "whether the target measures what is meant.",
                ),
                e("MAP 3.3", "Scope is narrowed to what the system can do", &[Use, Section("errors")], ""),
                e("MAP 3.5", "Human oversight is defined", &[], "the process of oversight."),
                e("MAP 4.1", "Legal risks of third-party components are mapped", &[Provenance], "licences and rights."),
                e(
                    "MAP 5.1",
                    "Likelihood and size of impacts are known",
                    &[Groups, Section("causal")],
                    "how likely and how large harms and benefits are for people, beyond numbers of predictions.",
                ),
            ],
        },
        Chapter {
            title: "MEASURE",
            items: &[
                e(
                    "MEASURE 1.1",
                    "Metrics for the largest risks are chosen; what cannot be measured is documented",
                    &[Metrics, Targets],
                    "risks that no number here speaks of.",
                ),
                e("MEASURE 1.3", "Experts who did not develop the system take part", &[SignOff], "who they are."),
                e("MEASURE 2.1", "Test sets, metrics and tools are documented", &[Data, Provenance], ""),
                e(
                    "MEASURE 2.2",
                    "Evaluations with people meet requirements and are representative",
                    &[Section("balance")],
                    "consent and protection of the people in the data.",
                ),
                e(
                    "MEASURE 2.3",
                    "Performance is demonstrated under conditions like those of use",
                    &[Metrics, Section("performance")],
                    "how conditions of use differ from these data.",
                ),
                e(
                    "MEASURE 2.4",
                    "Behaviour in production is monitored",
                    &[Section("drift")],
                    "what is monitored in production.",
                ),
                e(
                    "MEASURE 2.5",
                    "The system is valid and reliable; limits of generalisation are documented",
                    &[Section("performance"), Limits],
                    "",
                ),
                e("MEASURE 2.6", "Safety is evaluated", &[], "residual risks, and how the system fails safely."),
                e(
                    "MEASURE 2.7",
                    "Security and resilience are evaluated",
                    &[Section("robustness")],
                    "threats and measures.",
                ),
                e("MEASURE 2.8", "Transparency and accountability are examined", &[SignOff, Provenance], ""),
                e(
                    "MEASURE 2.9",
                    "The model is explained, validated, and its output interpreted in context",
                    &[Section("explain"), Section("counterfactuals")],
                    "who gets which explanation.",
                ),
                e("MEASURE 2.10", "Privacy risk is examined", &[Section("privacy")], "legal basis and measures."),
                e(
                    "MEASURE 2.11",
                    "Fairness and bias are evaluated",
                    &[Groups, Section("fairness")],
                    "which sense of fairness matters here, and why.",
                ),
                e("MEASURE 2.12", "Environmental impact is assessed", &[], "energy of training and use."),
                e(
                    "MEASURE 2.13",
                    "The effectiveness of these measures is itself evaluated",
                    &[],
                    "how well earlier assessments foretold what happened.",
                ),
                e("MEASURE 3.1", "Emergent risks are identified and tracked", &[], "how they are tracked."),
                e(
                    "MEASURE 4.2",
                    "Results are validated with experts and with those affected",
                    &[SignOff],
                    "what they said.",
                ),
            ],
        },
        Chapter {
            title: "MANAGE",
            items: &[
                e(
                    "MANAGE 1.1",
                    "It is decided whether the system achieves its purpose and goes on",
                    &[Targets, SignOff],
                    "the decision and its reasons.",
                ),
                e(
                    "MANAGE 1.2",
                    "Risks are treated by impact and likelihood",
                    &[Section("errors"), Section("fairness")],
                    "the order in which risks are treated.",
                ),
                e("MANAGE 1.4", "Residual risks are documented", &[Limits], "which of them are accepted, and by whom."),
                e("MANAGE 2.4", "The system can be superseded or switched off", &[], "how, and by whom."),
                e("MANAGE 3.2", "Pre-trained models are monitored", &[], "which are used."),
                e(
                    "MANAGE 4.1",
                    "Monitoring after deployment, appeal, incident response",
                    &[],
                    "the plan; `equipoise check` in a pipeline can be part of it.",
                ),
            ],
        },
    ],
};
