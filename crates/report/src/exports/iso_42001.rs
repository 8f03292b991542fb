//! What an assessment says to ISO/IEC 42001:2023, the standard for AI management systems. Numbers are the standard's; the words are
//! our own, and its text is not repeated.

use super::mapping::Answer::{
    Data, Groups, Identity, Interface, Limits, Metrics, Provenance, Section, SignOff, Targets, Use,
};
use super::mapping::{Chapter, Outline, entry as e};

pub(super) const OUTLINE: Outline = Outline {
    title: "Evidence for an AI management system after ISO/IEC 42001",
    about: "What one assessment says to clauses and controls of ISO/IEC 42001:2023. The standard is about an organisation's \
            management; one model's assessment is evidence for some of it.",
    chapters: &[
        Chapter {
            title: "Clauses",
            items: &[
                e(
                    "6.1.2",
                    "Assessment of AI risks",
                    &[Section("errors"), Section("fairness"), Targets],
                    "criteria of risk, and owners of risks.",
                ),
                e("6.1.3", "Treatment of AI risks", &[], "treatment chosen, and the statement of applicability."),
                e(
                    "6.1.4 and 8.4",
                    "Assessment of impacts on people and society",
                    &[Groups, Section("causal")],
                    "impacts on individuals, groups and society, and who was consulted.",
                ),
                e("6.2", "Objectives and how they are reached", &[Targets], "who set them and when they are reviewed."),
                e("7.5", "Documented information", &[Provenance, SignOff], "where it is kept, and for how long."),
                e(
                    "8.2",
                    "Risk assessments are repeated at intervals and after changes",
                    &[Provenance],
                    "the interval; a policy can require freshness (`max_age_days`).",
                ),
                e(
                    "9.1",
                    "Monitoring, measurement, analysis and evaluation",
                    &[Metrics, Targets, Section("drift")],
                    "what is monitored in use.",
                ),
                e(
                    "10.2",
                    "Nonconformity and corrective action",
                    &[Targets],
                    "what is done about targets that are not met.",
                ),
            ],
        },
        Chapter {
            title: "Controls of Annex A",
            items: &[
                e("A.3.2", "Roles and responsibilities", &[SignOff], "roles over the whole lifecycle."),
                e("A.4.3", "Data resources are documented", &[Data], "sources and owners of the data."),
                e("A.4.4", "Tooling resources are documented", &[Provenance], "tools of training and service."),
                e(
                    "A.5.4",
                    "Impact on individuals and groups",
                    &[Groups, Section("fairness"), Section("counterfactuals")],
                    "impacts that no number here speaks of.",
                ),
                e("A.5.5", "Impact on society", &[], "the assessment of it."),
                e("A.6.1.2", "Objectives for responsible development", &[Targets], ""),
                e("A.6.2.2", "Requirements and specification", &[Use, Interface], "the specification."),
                e("A.6.2.3", "Documentation of design and development", &[Identity], "how and why it was designed so."),
                e(
                    "A.6.2.4",
                    "Verification and validation",
                    &[Metrics, Section("performance"), Section("errors"), Targets],
                    "criteria for release.",
                ),
                e("A.6.2.5", "Deployment", &[SignOff], "the plan of deployment, and that its requirements are met."),
                e(
                    "A.6.2.6",
                    "Operation and monitoring",
                    &[Section("drift")],
                    "monitoring, repairs, updates and support.",
                ),
                e("A.6.2.7", "Technical documentation", &[Identity, Interface, Limits], "for each kind of reader."),
                e("A.6.2.8", "Recording of event logs", &[], "which events are logged."),
                e("A.7.2", "Data for development", &[Data], "how data are managed."),
                e("A.7.3", "Acquisition of data", &[], "how and from whom they were obtained."),
                e("A.7.4", "Quality of data", &[Section("explorer"), Section("balance")], "requirements on quality."),
                e(
                    "A.7.5",
                    "Provenance of data",
                    &[Data, Provenance],
                    "where they come from before the files named here.",
                ),
                e("A.7.6", "Preparation of data", &[], "cleaning, labelling and transformations."),
                e(
                    "A.8.2",
                    "Information for users",
                    &[Use, Limits, Section("explain")],
                    "what users are told, and how.",
                ),
                e("A.8.3", "Ways to report adverse impacts", &[], "the channel."),
                e("A.8.4", "Communication of incidents", &[], "the plan."),
                e("A.9.2", "Processes for responsible use", &[], "the processes."),
                e("A.9.4", "Use as intended", &[Use], "how it is ensured."),
                e("A.10.3", "Suppliers", &[Provenance], "what was asked of suppliers of models and data."),
            ],
        },
    ],
};
