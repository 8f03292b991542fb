//! The technical documentation of a high-risk system, after Annex IV of Regulation (EU) 2024/1689. The points are those of the
//! annex; the words are our own.

use super::mapping::Answer::{
    Data, Groups, Identity, Interface, Limits, Metrics, Provenance, Section, SignOff, Targets, Use,
};
use super::mapping::{Chapter, Outline, entry as e};

pub(super) const OUTLINE: Outline = Outline {
    title: "Technical documentation after Annex IV of the EU AI Act",
    about: "An outline after Annex IV of Regulation (EU) 2024/1689. It holds what one assessment can say and asks for the rest; it \
            is no legal advice, and it does not by itself show conformity.",
    chapters: &[
        Chapter {
            title: "1. General description of the system",
            items: &[
                e(
                    "1(a)",
                    "Purpose, provider, version and its relation to earlier versions",
                    &[Identity, Use],
                    "the intended purpose in the words of the instructions for use, and how this version differs from the last.",
                ),
                e(
                    "1(b)",
                    "How the system works together with hardware or software that is not part of it",
                    &[Interface],
                    "other systems that feed it or act on it, including other AI systems.",
                ),
                e(
                    "1(c)",
                    "Versions of software or firmware, and what updates need",
                    &[Provenance],
                    "versions of the software that serves the model, and rules for updates.",
                ),
                e(
                    "1(d)",
                    "Forms in which it is placed on the market",
                    &[],
                    "packages, downloads, interfaces or devices in which it is delivered.",
                ),
                e("1(e)", "Hardware on which it is meant to run", &[], "the hardware."),
                e(
                    "1(f)",
                    "Where it is part of a product: the product's outside, marking and inside",
                    &[],
                    "pictures or drawings, or that it is no part of a product.",
                ),
                e("1(g)", "The user interface given to the deployer", &[], "a basic description of it."),
                e(
                    "1(h)",
                    "Instructions for use",
                    &[Use, Limits],
                    "the instructions themselves, and a description of the interface for deployers.",
                ),
            ],
        },
        Chapter {
            title: "2. Elements of the system and how it was developed",
            items: &[
                e(
                    "2(a)",
                    "Methods and steps of development, including pre-trained systems and tools of others",
                    &[Identity],
                    "how the model was trained, on what, by whom, and with which tools of third parties.",
                ),
                e(
                    "2(b)",
                    "Design: general logic, key choices and assumptions, what it optimises, trade-offs",
                    &[Section("explain"), Targets],
                    "the rationale of the key choices, and about whom or what groups the system is to be used.",
                ),
                e(
                    "2(c)",
                    "Architecture and computing resources",
                    &[Interface],
                    "how components build on each other, and the resources used to develop, train, test and validate it.",
                ),
                e(
                    "2(d)",
                    "Data requirements: provenance, scope, characteristics, selection, labelling, cleaning",
                    &[Data, Section("explorer"), Section("balance")],
                    "how the training data were obtained and selected, how they were labelled and cleaned, and with what right they are used.",
                ),
                e(
                    "2(e)",
                    "Human oversight, including what helps deployers to interpret outputs",
                    &[Section("explain"), Section("counterfactuals")],
                    "the measures under Article 14, and who has the authority to overrule the system.",
                ),
                e(
                    "2(f)",
                    "Changes that are planned beforehand and how compliance continues",
                    &[],
                    "such changes, or that there are none.",
                ),
                e(
                    "2(g)",
                    "Validation and testing: data, metrics, potentially discriminatory impacts, signed logs",
                    &[Metrics, Groups, Targets, Provenance, SignOff],
                    "dates and signatures of the responsible persons, where they are not in the signature of this assessment.",
                ),
                e(
                    "2(h)",
                    "Cybersecurity",
                    &[Section("robustness"), Section("privacy")],
                    "measures against attacks on the data, the model and the service.",
                ),
            ],
        },
        Chapter {
            title: "3. Monitoring, functioning and control",
            items: &[e(
                "3",
                "Capabilities and limits: accuracy for specific persons or groups, overall expected accuracy, foreseeable unintended outcomes, oversight, input data",
                &[Metrics, Groups, Section("errors"), Limits],
                "foreseeable unintended outcomes and risks to health, safety and fundamental rights, and what is needed of the input data.",
            )],
        },
        Chapter {
            title: "4. Appropriateness of the performance metrics",
            items: &[e(
                "4",
                "Why these metrics fit this system",
                &[Metrics, Targets],
                "why these metrics and thresholds fit the purpose and the people concerned.",
            )],
        },
        Chapter {
            title: "5. Risk management",
            items: &[e(
                "5",
                "The risk management system of Article 9",
                &[Section("fairness"), Section("errors"), Section("causal")],
                "risks that were identified, measures taken, and the residual risk that was accepted.",
            )],
        },
        Chapter {
            title: "6. Changes through the lifecycle",
            items: &[e(
                "6",
                "Relevant changes made by the provider",
                &[Provenance],
                "a list of changes; `equipoise compare` puts two assessments side by side.",
            )],
        },
        Chapter {
            title: "7. Standards applied",
            items: &[e(
                "7",
                "Harmonised standards, or other solutions where none was applied",
                &[],
                "the list, with references of the Official Journal.",
            )],
        },
        Chapter {
            title: "8. Declaration of conformity",
            items: &[e("8", "A copy of the EU declaration of conformity of Article 47", &[], "the copy.")],
        },
        Chapter {
            title: "9. Monitoring after placing on the market",
            items: &[e(
                "9",
                "The system to evaluate performance in use, with the plan of Article 72",
                &[Section("drift")],
                "the plan: what is measured, how often, against which thresholds, and who acts.",
            )],
        },
    ],
};
